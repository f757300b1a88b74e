import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'

import { anySignal } from '../../base/abort.ts'
import { joinStreams } from '../../base/join-streams.ts'
import { createPrivateFolder, type PrivateFolder } from '../../base/private-folder.ts'
import { withTimeLimit } from '../../base/time-limit.ts'
import { HardwareError } from '../../errors.ts'

/** The time that connections have to end by themselves when the lease ends, in milliseconds. */
const drainTimeoutMs = 1_000

/** Options of {@link LeaseSocket.listen}. */
export interface LeaseSocketOptions {
  /** Opens a tunnel to the exporter. */
  readonly open: (signal: AbortSignal) => Promise<Duplex>
  /** Receives the error of a tunnel that has failed. The client sees its connection close. */
  readonly failed: (error: HardwareError) => void
  /** Is called when a tunnel has brought its first bytes. */
  readonly carried: () => void
}

/** A private unix socket that leads to the exporter of a lease. Each connection gets a separate tunnel. */
export class LeaseSocket {
  readonly path: string
  readonly #folder: PrivateFolder
  readonly #options: LeaseSocketOptions
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #ended = new AbortController()

  static async listen(options: LeaseSocketOptions): Promise<LeaseSocket> {
    const folder = await createPrivateFolder()
    const socket = new LeaseSocket(folder, options)
    try {
      await new Promise<void>((resolve, reject) => socket.#server.once('error', reject).listen(socket.path, resolve))
      return socket
    } catch (error) {
      await folder.remove()
      throw error
    }
  }

  private constructor(folder: PrivateFolder, options: LeaseSocketOptions) {
    this.path = join(folder.path, 'lease.sock')
    this.#folder = folder
    this.#options = options
    this.#server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) => this.#accept(socket))
  }

  /** Ends all connections and removes the socket. May be called again. */
  async close(): Promise<void> {
    this.#server.close()
    // A connection that is just ending tells the exporter so; the exporter has no other way to know.
    const limit = { name: 'the end of the connections', timeoutMs: drainTimeoutMs }
    await withTimeLimit(limit, () => Promise.all(Array.from(this.#sockets, whenClosed))).catch(() => undefined)
    this.#ended.abort()
    for (const socket of this.#sockets) socket.destroy()
    await this.#folder.remove()
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket)
    // Each pipeline adds several listeners.
    socket.setMaxListeners(0)
    socket.on('error', () => undefined)
    socket.once('close', () => this.#sockets.delete(socket))
    this.#join(socket).catch((error: unknown) => {
      if (!this.#ended.signal.aborted && !socket.destroyed) this.#options.failed(error as HardwareError)
      socket.destroy()
    })
  }

  async #join(socket: Socket): Promise<void> {
    const gone = new AbortController()
    socket.once('close', () => gone.abort())
    const signal = anySignal(this.#ended.signal, gone.signal)
    const tunnel = await this.#options.open(signal)
    joinStreams(socket, tunnel, (error) => {
      // A client that goes away breaks its tunnel, which is no failure.
      if (error instanceof HardwareError && !signal.aborted) this.#options.failed(error)
    })
    tunnel.once('data', () => this.#options.carried())
  }
}

function whenClosed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()))
}
