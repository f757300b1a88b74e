import type { Duplex } from 'node:stream'

import { hostPort } from '../base/host-port.ts'
import { forwardConnections, type ForwardOptions } from './forward.ts'

/** Options of {@link forwardTcp}. */
export interface ForwardTcpOptions extends ForwardOptions {
  /** The local address (default 127.0.0.1, which only this machine reaches). */
  readonly host?: string | undefined
  /** The local port (default 0: a free port). */
  readonly port?: number | undefined
}

/** A local TCP port that leads to the device. Dispose of it to close the port and every connection. */
export interface TcpForward extends AsyncDisposable {
  readonly host: string
  readonly port: number
  /** Both, as in a URL: `127.0.0.1:40123`. */
  readonly address: string
}

/**
 * Listens on a local port, and joins each connection to a stream.
 *
 * @param open opens a stream; the signal is aborted when the forwarding ends
 * @throws HardwareError ARGUMENT_INVALID when the port cannot be used
 */
export async function forwardTcp(
  open: (signal: AbortSignal) => Promise<Duplex>,
  { host = '127.0.0.1', port = 0, ...options }: ForwardTcpOptions,
): Promise<TcpForward> {
  const forwarder = await forwardConnections({ host, port }, open, options)
  return {
    host,
    port: forwarder.port,
    address: hostPort(host, forwarder.port),
    [Symbol.asyncDispose]: () => forwarder[Symbol.asyncDispose](),
  }
}
