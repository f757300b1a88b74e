import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { type Duplex, pipeline } from 'node:stream'

import { HardwareError, messageOf } from '../../errors.ts'
import { withTimeLimit } from '../../base/time-limit.ts'
import type { Driver } from '../../runtime/driver.ts'
import type { QemuBoard } from './board.ts'
import type { Qmp } from './qmp.ts'

/** The longest that QEMU may take to connect, in milliseconds. */
const connectTimeoutMs = 10_000

/** The longest that a debugger may take to leave when the next one connects, in milliseconds. */
const leaveTimeoutMs = 500

/**
 * The unix socket for debuggers. A connection to QEMU stops the board at once, so that a debugger is connected to QEMU only when it
 * sends its first byte. A program that only tests the socket does not disturb the board.
 */
export class GdbSocket {
  readonly #board: QemuBoard
  readonly #log: Driver['logger']
  readonly #open = new Set<Socket>()
  #server: Server | undefined
  /** Is fulfilled when the debugger has gone, and the board runs again if it ran before; `undefined` while there is none. */
  #busy: PromiseWithResolvers<void> | undefined
  #next = 0

  constructor(board: QemuBoard, log: Driver['logger']) {
    this.#board = board
    this.#log = log
  }

  /** The path of the socket. */
  get path(): string {
    return join(this.#board.folder, 'gdb.sock')
  }

  /** Begins to listen. */
  async open(): Promise<void> {
    const server = createServer((socket) => {
      this.#open.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => this.#open.delete(socket))
      socket.once('readable', () => {
        if (socket.readableLength > 0) this.#join(socket)
        else socket.destroy()
      })
    })
    this.#server = server
    server.listen(this.path)
    await once(server, 'listening')
  }

  async close(): Promise<void> {
    for (const socket of this.#open) socket.destroy()
    const server = this.#server
    this.#server = undefined
    if (server === undefined) return
    server.close()
    await once(server, 'close')
  }

  /**
   * Connects a debugger to the board. The board stops until the debugger continues it. When the debugger disconnects, the board runs
   * again if it ran before.
   *
   * @throws HardwareError NOT_READY while the board is off, DEVICE_IO while another debugger is connected
   */
  async connect(): Promise<Duplex> {
    await this.#enter()
    try {
      const { qmp } = this.#board.machine.requireRunning()
      const { running } = (await qmp.execute('query-status')) as { running: boolean }
      const stream = await this.#attach(qmp)
      stream.on('error', () => undefined)
      stream.once('close', () => void this.#detach(qmp, running))
      return stream
    } catch (error) {
      this.#leave()
      throw error
    }
  }

  /** Takes the place of the debugger. One that is just leaving gets a moment: its end may come later than the next connection. */
  async #enter(): Promise<void> {
    const limit = { name: 'the end of the other debugger', timeoutMs: leaveTimeoutMs }
    while (this.#busy !== undefined) {
      const { promise } = this.#busy
      await withTimeLimit(limit, () => promise).catch(() => {
        throw new HardwareError('DEVICE_IO', 'Another debugger is connected to the board', { origin: 'lab' })
      })
    }
    this.#busy = Promise.withResolvers()
  }

  #leave(): void {
    this.#busy?.resolve()
    this.#busy = undefined
  }

  #join(socket: Socket): void {
    this.connect().then(
      (stream) => {
        pipeline(socket, stream, () => undefined)
        pipeline(stream, socket, () => undefined)
      },
      (error: unknown) => {
        this.#log.warning(`a debugger cannot be connected: ${messageOf(error)}`)
        socket.destroy()
      },
    )
  }

  /** Connects QEMU to a socket of this process, which is used once. */
  async #attach(qmp: Qmp): Promise<Socket> {
    const path = join(this.#board.folder, `gdb-${this.#next++}`)
    const server = createServer()
    server.maxConnections = 1
    server.listen(path)
    try {
      await once(server, 'listening')
      const limit = { name: "the connection of QEMU's gdbserver", timeoutMs: connectTimeoutMs }
      const connected = withTimeLimit(limit, () => once(server, 'connection'))
      connected.catch(() => undefined)
      const answer = await qmp.executeText(`gdbserver ${quote(`unix:${path.replaceAll(',', ',,')}`)}`)
      if (/could not open/i.test(answer)) throw new HardwareError('CALL_FAILED', `QEMU: ${answer.trim()}`)
      const [socket] = (await connected) as [Socket]
      return socket
    } finally {
      server.close()
    }
  }

  async #detach(qmp: Qmp, wasRunning: boolean): Promise<void> {
    try {
      await qmp.executeText('gdbserver none')
      if (wasRunning) await qmp.execute('cont')
    } catch {
      // The board is off. The debugger may have ended QEMU.
    }
    this.#leave()
  }
}

/** Quotes a text for QEMU's monitor for people. */
function quote(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}
