import { HardwareError } from '../errors.ts'

/** The address of an exporter: a unix socket's path, or `host:port`. */
export type Address =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }

/**
 * Reads an address as in `JUMPSTARTER_HOST`: `host:port` if a port number follows the last colon, else the path of a unix
 * socket. `unix:` in front of a path is accepted, too.
 *
 * @throws {@link HardwareError} CONNECTION_FAILED when the address is empty, or a URL
 */
export function parseAddress(text: string): Address {
  if (text.trim() === '') {
    throw new HardwareError(
      'CONNECTION_FAILED',
      'The address of an exporter is empty; give a socket path or HOST:PORT',
      {
        origin: 'plugin',
      },
    )
  }
  if (/^[a-z][a-z\d+.-]*:\/\//i.test(text) && !text.startsWith('unix:')) {
    const message = `The address of an exporter is '${text}', a URL; give HOST:PORT, or the path of a socket`
    throw new HardwareError('CONNECTION_FAILED', message, { origin: 'plugin', details: { address: text } })
  }
  if (text.startsWith('unix:')) return { kind: 'unix', path: text.replace(/^unix:(\/\/)?/, '') }
  const tcp = /^(?<host>[^/]+):(?<port>\d{1,5})$/.exec(text)?.groups
  const port = Number(tcp?.['port'])
  if (tcp?.['host'] !== undefined && port >= 1 && port <= 65535) return { kind: 'tcp', host: tcp['host'], port }
  return { kind: 'unix', path: text }
}

/** Formats an address as {@link parseAddress} reads it. */
export function formatAddress(address: Address): string {
  return address.kind === 'unix' ? address.path : `${address.host}:${address.port}`
}

/** Formats an address for gRPC's name resolver. */
export function grpcTarget(address: Address): string {
  return address.kind === 'unix' ? `unix:${address.path}` : `dns:${address.host}:${address.port}`
}
