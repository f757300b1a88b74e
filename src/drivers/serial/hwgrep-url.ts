import type { UsbPort } from './usb-ports.ts'
import type { UsbSearch } from './usb-url.ts'

/**
 * Reads the URL of pyserial that finds a port on USB by a regular expression: `hwgrep://0403:6001.*SER=FTB3KVPN`. The expression is
 * one of JavaScript, matches without regard to case, and may match anywhere in the path, the description or the hardware id of the
 * port. `&n=2` at its end is the second one of several that match, in the order of their paths.
 *
 * @returns undefined for any other text
 */
export function parseHwgrepUrl(url: string): UsbSearch | undefined {
  const { pattern, number } = /^hwgrep:\/\/(?<pattern>[^&]+)(?:&n=(?<number>[1-9]\d?))?$/i.exec(url)?.groups ?? {}
  const expression = pattern === undefined ? undefined : parseExpression(pattern)
  if (expression === undefined) return undefined
  return {
    number: number === undefined ? undefined : Number(number),
    cure: 'let the expression match one of them, or add &n=NUMBER',
    matches: (port) => textsOf(port).some((text) => expression.test(text)),
  }
}

function parseExpression(pattern: string): RegExp | undefined {
  try {
    return new RegExp(pattern, 'i')
  } catch {
    return undefined
  }
}

/** The texts that pyserial searches. It names the interface in the location only for devices with several. */
function textsOf({ path, description, vendor, product, serialNumber, location, interface: number }: UsbPort): string[] {
  const serial = serialNumber === undefined ? '' : ` SER=${serialNumber}`
  const hardware = `USB VID:PID=${vendor.toUpperCase()}:${product.toUpperCase()}${serial}`
  if (location === undefined) return [path, description ?? '', hardware]
  const places = number === undefined ? [location] : [location, `${location}:1.${number}`]
  return [path, description ?? '', ...places.map((place) => `${hardware} LOCATION=${place}`)]
}
