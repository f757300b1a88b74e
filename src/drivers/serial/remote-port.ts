import type { Socket } from 'node:net'

import { startTimer, stopTimer } from '../../base/clock.ts'
import { openSocket, type SocketAddress } from '../../driver-kit/open-socket.ts'
import { HardwareError, messageOf } from '../../errors.ts'

/** The time that the other side has to end its half of the connection after this side's end, in milliseconds. */
const drainTimeoutMs = 1_000

/** A TCP connection to a server that has a serial port. */
export interface RemotePort {
  readonly socket: Socket
  /** Makes the error of the connection: `Lost socket://10.0.0.5:4001: read ECONNRESET`. */
  explain(what: string, cause: unknown): HardwareError
  /** Ends the connection after the last output, or breaks it if the server goes on. */
  close(): Promise<void>
}

/**
 * Connects to a server that has a serial port. The server is an instrument of the lab, and may be back soon: consoles wait for it.
 *
 * @param url the name in errors
 * @param ended is called when the connection has ended, with the reason. An orderly end is one, too: a terminal server that is
 *   restarted ends its connections, and the port behind it is still there.
 * @throws HardwareError DEVICE_IO with origin `lab` when the connection cannot be made; the signal's reason
 */
export async function connectRemotePort(
  url: string,
  address: Omit<SocketAddress, 'ended'>,
  ended: (failure: Error) => void,
): Promise<RemotePort> {
  const explain = (what: string, cause: unknown) =>
    new HardwareError('DEVICE_IO', `${what} ${url}: ${messageOf(cause)}`, {
      cause,
      origin: 'lab',
      details: { isAway: true },
    })
  const socket = await openSocket(address).catch((cause: unknown) => {
    throw address.signal?.aborted === true ? cause : explain('Cannot connect to', cause)
  })
  let failure: Error = explain('Lost', new Error('the server has closed the connection'))
  socket
    .on('error', (error) => (failure = error instanceof HardwareError ? error : explain('Lost', error)))
    .on('close', () => ended(failure))
  return {
    socket,
    explain,
    async close() {
      if (socket.closed) return
      // A socket that is closed with unread bytes is reset, and its last output may be lost.
      socket.resume().end()
      const timer = startTimer(() => socket.destroy(), drainTimeoutMs)
      await new Promise((resolve) => socket.once('close', resolve))
      stopTimer(timer)
    },
  }
}
