import { HardwareError } from '../../errors.ts'
import type { UsbPort } from './usb-ports.ts'

/** A search for one serial port on USB. */
export interface UsbSearch {
  matches(port: UsbPort): boolean
  /** The number of the port among several that match, from 1; left out if there has to be only one. */
  readonly number?: number | undefined
  /** The way to match one port where several match, for errors. */
  readonly cure: string
}

const keys: ReadonlySet<string> = new Set(['serial_number', 'interface', 'location'])

/**
 * Reads the URL of a serial port on USB: `usb://0403:6001?serial_number=FTB3KVPN&interface=0&location=1-1.2`. Vendor and product are
 * hexadecimal; the rest may be left out.
 *
 * @returns undefined for any other text
 */
export function parseUsbUrl(url: string): UsbSearch | undefined {
  const pattern = /^usb:\/\/(?<vendor>[\da-f]{4}):(?<product>[\da-f]{4})(?:\?(?<query>.+))?$/i
  const { vendor, product, query } = pattern.exec(url)?.groups ?? {}
  if (vendor === undefined || product === undefined) return undefined
  const given = new URLSearchParams(query)
  if ([...given.keys()].some((key) => !keys.has(key))) return undefined
  const number = given.get('interface')
  if (number !== null && !/^\d{1,3}$/.test(number)) return undefined
  return {
    cure: 'add serial_number, interface or location',
    matches: (port) =>
      isLike(vendor, port.vendor) &&
      isLike(product, port.product) &&
      isLike(given.get('serial_number'), port.serialNumber) &&
      isLike(given.get('location'), port.location) &&
      (number === null || Number(number) === port.interface),
  }
}

/** Compares texts without regard to case, because programs show serial numbers in either. */
function isLike(wanted: string | null, found: string | undefined): boolean {
  return wanted === null || wanted.toLowerCase() === found?.toLowerCase()
}

/**
 * Finds the one port that a URL asks for.
 *
 * @param url the URL, for errors
 * @returns its path
 * @throws HardwareError DEVICE_IO with origin `lab` when none matches, or several do, with all candidates
 */
export function findUsbPort(url: string, search: UsbSearch, ports: readonly UsbPort[]): string {
  const { number, cure } = search
  const found = ports.filter((port) => search.matches(port))
  const chosen = number === undefined && found.length > 1 ? undefined : found[(number ?? 1) - 1]
  if (chosen !== undefined) return chosen.path
  const list = (listed: readonly UsbPort[]) => listed.map(describe).join(', ')
  const isAway = found.length < (number ?? 1) || undefined
  const others = found.length > 0 ? found : ports
  const message = isAway
    ? `No USB serial port matches ${url}; ${others.length === 0 ? 'there is none' : `there are ${list(others)}`}`
    : `${found.length} USB serial ports match ${url}: ${list(found)}; ${cure}`
  throw new HardwareError('DEVICE_IO', message, { origin: 'lab', details: { isAway } })
}

function describe(port: UsbPort): string {
  const facts = [
    `${port.vendor}:${port.product}`,
    port.description,
    port.serialNumber === undefined ? 'no serial number' : `serial number ${port.serialNumber}`,
    port.interface === undefined ? undefined : `interface ${port.interface}`,
    port.location === undefined ? undefined : `location ${port.location}`,
  ]
  return `${port.path} (${facts.filter((fact) => fact !== undefined).join(', ')})`
}
