import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

/** A relay to a Unix socket, whose connections the test can cut. */
export class SocketRelay implements AsyncDisposable {
  readonly path: string
  readonly #target: string
  readonly #sockets = new Set<Socket>()
  #server: Server | undefined

  private constructor(path: string, target: string) {
    this.path = path
    this.#target = target
  }

  /** @param path the place of the relay's own socket */
  static async start(path: string, target: string): Promise<SocketRelay> {
    const relay = new SocketRelay(path, target)
    await relay.listen()
    return relay
  }

  /** Listens again, after {@link SocketRelay.close}. */
  async listen(): Promise<void> {
    this.#server = createServer({ allowHalfOpen: true }, (socket) => {
      const far = connect({ path: this.#target, allowHalfOpen: true })
      for (const [one, other] of [
        [socket, far],
        [far, socket],
      ] as const) {
        this.#sockets.add(one)
        one.pipe(other)
        one
          .on('error', () => undefined)
          .on('close', () => {
            this.#sockets.delete(one)
            other.destroy()
          })
      }
    }).listen(this.path)
    await once(this.#server, 'listening')
  }

  /** Cuts all connections. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Cuts all connections, and refuses others. */
  async close(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (server === undefined) return
    const closed = once(server, 'close')
    server.close()
    this.cut()
    await closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
