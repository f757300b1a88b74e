import { HardwareError } from '../errors.ts'

/** Where an exporter is: a unix socket's path, or `host:port`. */
export type Address =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }

/**
 * Reads an address as `JUMPSTARTER_HOST` has it: `host:port` where what follows the last colon is a port number, else
 * the path of a unix socket. `unix:` in front of a path is accepted too.
 *
 * @throws {@link HardwareError} CONNECTION_FAILED when it is empty
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
  if (text.startsWith('unix:')) return { kind: 'unix', path: text.replace(/^unix:(\/\/)?/, '') }
  const tcp = /^(?<host>[^/]+):(?<port>\d{1,5})$/.exec(text)?.groups
  const port = Number(tcp?.['port'])
  if (tcp?.['host'] !== undefined && port >= 1 && port <= 65535) return { kind: 'tcp', host: tcp['host'], port }
  return { kind: 'unix', path: text }
}

/** The address as {@link parseAddress} reads it. */
export function formatAddress(address: Address): string {
  return address.kind === 'unix' ? address.path : `${address.host}:${address.port}`
}

/** The address as gRPC's name resolver wants it. */
export function grpcTarget(address: Address): string {
  return address.kind === 'unix' ? `unix:${address.path}` : `dns:${address.host}:${address.port}`
}
