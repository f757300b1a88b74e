import { once } from 'node:events'
import { createServer, type ListenOptions, type Server, type Socket } from 'node:net'

/** A TCP server, or one on a unix socket, that sends back what it gets. */
export interface EchoServer extends AsyncDisposable {
  /** The TCP port; 0 for a unix socket. */
  readonly port: number
  /** Ends the server and its connections, which it resets if they are TCP's. */
  interrupt(): Promise<void>
  /** Starts it again at the same place. */
  restore(): Promise<void>
}

/** @param path the path of a unix socket (default: a free TCP port) */
export async function startEchoServer(path?: string): Promise<EchoServer> {
  const sockets = new Set<Socket>()
  const start = async (options: ListenOptions): Promise<Server> => {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      sockets.add(socket)
      socket
        .on('error', () => undefined)
        .on('close', () => sockets.delete(socket))
        .pipe(socket)
    })
    await once(server.listen(options), 'listening')
    return server
  }
  let server = await start(path === undefined ? { host: '127.0.0.1', port: 0 } : { path })
  const address = server.address()
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0
  const interrupt = async () => {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    for (const socket of sockets) {
      if (path === undefined) socket.resetAndDestroy()
      else socket.destroy()
    }
    await closed
  }
  return {
    port,
    interrupt,
    async restore() {
      server = await start(path === undefined ? { host: '127.0.0.1', port } : { path })
    },
    [Symbol.asyncDispose]: interrupt,
  }
}
