import { parseHwgrepUrl } from './hwgrep-url.ts'
import { parseUsbUrl, type UsbSearch } from './usb-url.ts'

/** The kinds of a serial port's `url`. */
export type SerialUrl =
  | { readonly kind: 'device'; readonly path: string }
  | { readonly kind: 'loop' }
  | { readonly kind: 'usb'; readonly search: UsbSearch }
  | { readonly kind: 'socket' | 'rfc2217'; readonly host: string; readonly port: number }

/** Reads a `url`; `undefined` if its kind is unknown. */
export function parseSerialUrl(url: string): SerialUrl | undefined {
  if (url === 'loop://') return { kind: 'loop' }
  const search = parseUsbUrl(url) ?? parseHwgrepUrl(url)
  if (search !== undefined) return { kind: 'usb', search }
  if (!/^[a-z][\w+.-]*:\/\//i.test(url)) return url === '' ? undefined : { kind: 'device', path: url }
  const pattern = /^(?<kind>socket|rfc2217):\/\/\[?(?<host>[^/?#\]]+)\]?:(?<port>\d{1,5})\/?$/
  const { kind, host, port } = pattern.exec(url)?.groups ?? {}
  if (host === undefined || Number(port) < 1 || Number(port) > 65_535) return undefined
  return { kind: kind === 'socket' ? 'socket' : 'rfc2217', host, port: Number(port) }
}
