import { once } from 'node:events'
import { connect, type NetConnectOpts, type Socket } from 'node:net'

import { withTimeLimit } from '../../base/time-limit.ts'
import { callSignal } from '../../runtime/call.ts'
import { connectTimeoutMs } from './endpoint.ts'

/**
 * Opens a connection of which either side can end its half.
 *
 * @param url the address in errors
 * @param signal ends the attempt (default: that of the current call)
 * @throws HardwareError CALL_TIMEOUT at the limit; the system's error; the signal's reason
 */
export async function openSocket(url: string, options: NetConnectOpts, signal = callSignal()): Promise<Socket> {
  const limit = { name: `the connection to ${url}`, timeoutMs: connectTimeoutMs, signal }
  const socket = connect({ ...options, allowHalfOpen: true })
  try {
    await withTimeLimit(limit, () => once(socket, 'connect'))
    return socket
  } catch (error) {
    socket.destroy()
    throw error
  }
}
