import { parseUsbUrl, type UsbQuery } from './usb-url.ts'

/** The kinds of a serial port's `url`. */
export type SerialUrl =
  | { readonly kind: 'device'; readonly path: string }
  | { readonly kind: 'loop' }
  | { readonly kind: 'usb'; readonly query: UsbQuery }
  | { readonly kind: 'socket' | 'rfc2217'; readonly host: string; readonly port: number }

/** Reads a `url`; `undefined` if its kind is unknown. */
export function parseSerialUrl(url: string): SerialUrl | undefined {
  if (url === 'loop://') return { kind: 'loop' }
  const query = parseUsbUrl(url)
  if (query !== undefined) return { kind: 'usb', query }
  if (!/^[a-z][\w+.-]*:\/\//i.test(url)) return url === '' ? undefined : { kind: 'device', path: url }
  const pattern = /^(?<kind>socket|rfc2217):\/\/\[?(?<host>[^/?#\]]+)\]?:(?<port>\d{1,5})\/?$/
  const { kind, host, port } = pattern.exec(url)?.groups ?? {}
  if (host === undefined || Number(port) < 1 || Number(port) > 65_535) return undefined
  return { kind: kind === 'socket' ? 'socket' : 'rfc2217', host, port: Number(port) }
}
