import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** A link between a client and a server on this machine, which can be slow, and can be cut. */
export async function startTcpRelay(port: number, { delayMs = 0 } = {}) {
  const sockets = new Set<Socket>()
  const pass = (from: Socket, to: Socket) => {
    sockets.add(from)
    from.on('data', (chunk) => {
      if (delayMs === 0) to.write(chunk)
      else void delay(delayMs).then(() => to.write(chunk))
    })
    from.on('close', () => to.destroy()).on('error', () => undefined)
  }
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1')
    pass(near, far)
    pass(far, near)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  /** Ends all connections, and takes no more. */
  const cut = () => {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  return {
    host: `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    cut,
    [Symbol.dispose]: cut,
  }
}
