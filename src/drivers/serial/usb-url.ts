import { HardwareError } from '../../errors.ts'
import type { UsbPort } from './usb-ports.ts'

/** The properties of a serial port on USB that a URL asks for. */
export interface UsbQuery {
  readonly vendor: string
  readonly product: string
  readonly serialNumber?: string | undefined
  readonly interface?: number | undefined
  readonly location?: string | undefined
}

const keys: ReadonlySet<string> = new Set(['serial_number', 'interface', 'location'])

/**
 * Reads the URL of a serial port on USB: `usb://0403:6001?serial_number=FTB3KVPN&interface=0&location=1-1.2`. Vendor and product are
 * hexadecimal; the rest may be left out.
 *
 * @returns undefined for any other text
 */
export function parseUsbUrl(url: string): UsbQuery | undefined {
  const pattern = /^usb:\/\/(?<vendor>[\da-f]{4}):(?<product>[\da-f]{4})(?:\?(?<query>.+))?$/i
  const { vendor, product, query } = pattern.exec(url)?.groups ?? {}
  if (vendor === undefined || product === undefined) return undefined
  const given = new URLSearchParams(query)
  if ([...given.keys()].some((key) => !keys.has(key))) return undefined
  const number = given.get('interface')
  if (number !== null && !/^\d{1,3}$/.test(number)) return undefined
  return {
    vendor,
    product,
    serialNumber: given.get('serial_number') ?? undefined,
    interface: number === null ? undefined : Number(number),
    location: given.get('location') ?? undefined,
  }
}

/**
 * Finds the one port that a URL asks for. Texts are compared without regard to case, because programs show serial numbers in either.
 *
 * @param url the URL, for errors
 * @returns its path
 * @throws HardwareError DEVICE_IO with origin `lab` when none, or several, have the properties, with all candidates
 */
export function findUsbPort(url: string, query: UsbQuery, ports: readonly UsbPort[]): string {
  const isLike = (wanted: string | undefined, found: string | undefined) =>
    wanted === undefined || wanted.toLowerCase() === found?.toLowerCase()
  const matches = ports.filter(
    (port) =>
      isLike(query.vendor, port.vendor) &&
      isLike(query.product, port.product) &&
      isLike(query.serialNumber, port.serialNumber) &&
      isLike(query.location, port.location) &&
      (query.interface === undefined || query.interface === port.interface),
  )
  const [match] = matches
  if (match !== undefined && matches.length === 1) return match.path
  const list = (found: readonly UsbPort[]) => found.map(describe).join(', ')
  const message =
    matches.length > 1
      ? `${matches.length} USB serial ports match ${url}: ${list(matches)}; add serial_number, interface or location`
      : `No USB serial port matches ${url}; ${ports.length === 0 ? 'there is none' : `there are ${list(ports)}`}`
  throw new HardwareError('DEVICE_IO', message, { origin: 'lab' })
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
