import { hostPort } from '../../base/host-port.ts'
import { connectRemotePort } from './remote-port.ts'
import type { SerialLine, LineEvents } from './serial-line.ts'

/** The longest that a connection may take to open, in milliseconds. */
const timeoutMs = 30_000

/**
 * Opens a TCP connection that carries a port's bytes as they are: a terminal server's raw mode, or QEMU's `-serial tcp`.
 *
 * @throws HardwareError DEVICE_IO with origin `lab` when the connection cannot be opened
 */
export async function openSocketLine(
  { host, port }: { readonly host: string; readonly port: number },
  events: LineEvents,
): Promise<SerialLine> {
  let isOver = false
  const end = (failure: Error) => {
    if (!isOver) events.closed(failure)
    isOver = true
  }
  const url = `socket://${hostPort(host, port)}`
  const remote = await connectRemotePort(url, { host, port, timeoutMs }, end)
  const { socket } = remote
  socket.on('data', (bytes: Buffer) => {
    if (!isOver) events.data(bytes)
  })
  return {
    set: undefined,
    flow: { pause: () => socket.pause(), resume: () => socket.resume() },
    write: (bytes) =>
      new Promise((resolve, reject) => {
        socket.write(bytes, (cause) => (cause ? reject(remote.explain('Cannot write to', cause)) : resolve()))
      }),
    async close() {
      isOver = true
      await remote.close()
    },
  }
}
