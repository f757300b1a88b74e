import type { Socket } from 'node:net'

import { connectSocket } from '../base/connect-socket.ts'
import { hostPort } from '../base/host-port.ts'

/** The place to connect to. */
export interface SocketAddress {
  readonly host: string
  readonly port: number
  /** The longest that connecting may take, in milliseconds (default 10 000). */
  readonly timeoutMs?: number | undefined
  /** Ends the attempt. */
  readonly signal?: AbortSignal | undefined
  /** Is called when the connection has ended, with the error if there is one. Node tells only while the socket is read. */
  readonly ended?: ((reason?: unknown) => void) | undefined
}

/**
 * Opens a TCP connection, without Nagle's delay and with keep-alive.
 *
 * @throws HardwareError CALL_TIMEOUT at the limit; the system's error; the signal's reason
 */
export async function openSocket({ host, port, timeoutMs = 10_000, signal, ended }: SocketAddress): Promise<Socket> {
  const limit = { name: `connecting to ${hostPort(host, port)}`, timeoutMs, signal }
  const socket = await connectSocket({ host, port, noDelay: true, keepAlive: true }, limit)
  return socket
    .on('error', (error) => ended?.(error))
    .on('end', () => ended?.())
    .on('close', () => ended?.())
}
