import { createSocket } from 'node:dgram'
import { once } from 'node:events'

/** Starts a UDP socket that sends each datagram back. */
export async function startUdpEcho(): Promise<AsyncDisposable & { readonly port: number }> {
  const socket = createSocket('udp4')
  socket.on('message', (datagram, { address, port }) => socket.send(datagram, port, address))
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return {
    port: socket.address().port,
    async [Symbol.asyncDispose]() {
      const closed = once(socket, 'close')
      socket.close()
      await closed
    },
  }
}
