import { startTimer, stopTimer } from '../../base/clock.ts'
import { HardwareError, messageOf } from '../../errors.ts'
import { hostPort } from '../../base/host-port.ts'
import { openSocket } from '../../driver-kit/open-socket.ts'
import type { SerialLine, LineEvents } from './serial-line.ts'

/** The longest that a connection may take to open, in milliseconds. */
const connectTimeoutMs = 30_000
/** The time that the other side has to end its half of the connection after this side's end, in milliseconds. */
const drainTimeoutMs = 1_000

/**
 * Opens a TCP connection that carries a port's bytes as they are: a terminal server's raw mode, or QEMU's `-serial tcp`.
 *
 * @throws HardwareError DEVICE_IO when the connection cannot be opened
 */
export async function openSocketLine(
  { host, port }: { readonly host: string; readonly port: number },
  events: LineEvents,
): Promise<SerialLine> {
  const name = `socket://${hostPort(host, port)}`
  const explain = (what: string, cause: unknown) =>
    new HardwareError('DEVICE_IO', `${what} ${name}: ${messageOf(cause)}`, { cause })
  const socket = await openSocket({ host, port, timeoutMs: connectTimeoutMs }).catch((cause: unknown) => {
    throw explain('Cannot connect to', cause)
  })
  let over = false
  socket.on('data', (bytes: Buffer) => {
    if (!over) events.data(bytes)
  })
  let failure: Error | undefined
  socket.on('error', (error) => (failure = explain('Lost', error)))
  socket.on('close', () => {
    if (over) return
    over = true
    events.closed(failure)
  })
  return {
    set: undefined,
    flow: { pause: () => socket.pause(), resume: () => socket.resume() },
    write: (bytes) =>
      new Promise((resolve, reject) => {
        socket.write(bytes, (cause) => (cause ? reject(explain('Cannot write to', cause)) : resolve()))
      }),
    async close() {
      over = true
      if (socket.closed) return
      // A socket that is closed with unread bytes is reset, and its last output may be lost.
      socket.resume().end()
      const timer = startTimer(() => socket.destroy(), drainTimeoutMs)
      await new Promise((resolve) => socket.once('close', resolve))
      stopTimer(timer)
    },
  }
}
