import type { NetConnectOpts, Socket } from 'node:net'

import { connectSocket } from '../../base/connect-socket.ts'
import { callSignal } from '../../runtime/call.ts'
import { connectTimeoutMs } from './endpoint.ts'

/**
 * Opens a connection of which either side can end its half.
 *
 * @param url the address in errors
 * @param signal ends the attempt (default: that of the current call)
 * @throws HardwareError CALL_TIMEOUT at the limit; the system's error; the signal's reason
 */
export function openSocket(url: string, options: NetConnectOpts, signal = callSignal()): Promise<Socket> {
  const limit = { name: `the connection to ${url}`, timeoutMs: connectTimeoutMs, signal }
  // Small messages that follow each other would else wait for each other, 40 ms each (Nagle's algorithm and delayed acknowledgements).
  return connectSocket({ noDelay: true, ...options, allowHalfOpen: true }, limit)
}
