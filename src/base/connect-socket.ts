import { once } from 'node:events'
import { connect, type NetConnectOpts, type Socket } from 'node:net'

import { type TimeLimit, withTimeLimit } from './time-limit.ts'

/**
 * Connects to a TCP port or a unix socket. The socket has a listener for errors, which would end the process without one.
 *
 * @throws HardwareError CALL_TIMEOUT at the limit; the system's error; the signal's reason
 */
export async function connectSocket(options: NetConnectOpts, limit: TimeLimit): Promise<Socket> {
  const socket = connect(options).on('error', () => undefined)
  try {
    await withTimeLimit(limit, () => once(socket, 'connect'))
    return socket
  } catch (error) {
    socket.destroy()
    throw error
  }
}
