import { connect, type Socket } from 'node:net'

import { untilAborted } from '../../base/abort.ts'
import { readMessages } from '../../base/json-lines.ts'
import { pollUntil } from '../../base/poll.ts'
import type { ClaimState, Ticket } from './claim.ts'

/** The time between two connections to a process that is too busy to answer, in milliseconds. */
const retryMs = 10

/** The error codes of a connection to a file on which nobody listens. */
const refusedCodes: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ENOTSOCK'])
/** The error codes of a connection to a busy process: its queue is full, or it has no file descriptors left. */
const busyCodes: ReadonlySet<string> = new Set(['EAGAIN', 'ECONNRESET', 'EPIPE'])

/** Another process's claim on a lock, seen through a connection to its socket. */
export class Contender {
  readonly #socket: Socket
  #last: ClaimState | undefined
  #error: NodeJS.ErrnoException | undefined
  #closed = false
  #changed = Promise.withResolvers<void>()

  /**
   * Connects to the process that listens on a claim's socket. Only a refused connection proves that the process is dead.
   *
   * @returns `dead` if nobody listens, `gone` if the socket does not exist any more
   */
  static async connect(path: string, signal: AbortSignal | undefined): Promise<Contender | 'dead' | 'gone'> {
    return pollUntil(() => Contender.#connectOnce(path, signal), { firstMs: retryMs, maxMs: retryMs, signal })
  }

  /** @returns `undefined` for a process that is too busy to answer */
  static async #connectOnce(
    path: string,
    signal: AbortSignal | undefined,
  ): Promise<Contender | 'dead' | 'gone' | undefined> {
    const contender = new Contender(connect(path))
    await contender.#until(() => contender.#last !== undefined, signal)
    if (contender.#last !== undefined) return contender
    const { code = '' } = contender.#error ?? {}
    if (code === 'ENOENT') return 'gone'
    if (refusedCodes.has(code)) return 'dead'
    if (contender.#error !== undefined && !busyCodes.has(code)) throw contender.#error
    return undefined
  }

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('error', (error) => {
      this.#error = error
    })
    socket.on('close', () => {
      this.#closed = true
      this.#notify()
    })
    readMessages<ClaimState>(socket, (state) => {
      this.#last = state
      this.#notify()
    })
  }

  /** The last state that the process has sent. */
  get last(): ClaimState {
    if (this.#last === undefined) throw new TypeError('the contender has not sent its state')
    return this.#last
  }

  /** The process has withdrawn its claim, or has ended. */
  get closed(): boolean {
    return this.#closed
  }

  /** @returns true if the contender holds the lock, or gets it before this ticket; waits until that is known */
  async comesBefore(ticket: Ticket, signal: AbortSignal | undefined): Promise<boolean> {
    const isUndecided = () => this.last.state === 'claiming' && isBefore(ticket, this.last.ticket)
    await this.#until(() => !isUndecided(), signal)
    return !this.#closed && this.last.state !== 'released'
  }

  /** Waits until the contender has released the lock, or has ended. */
  async untilReleased(signal: AbortSignal | undefined): Promise<void> {
    await this.#until(() => this.last.state === 'released', signal)
  }

  close(): void {
    this.#socket.destroy()
  }

  /** Waits until something holds, or the process has ended. An aborted wait closes the connection. */
  async #until(holds: () => boolean, signal: AbortSignal | undefined): Promise<void> {
    try {
      while (!holds() && !this.#closed) await untilAborted(this.#changed.promise, signal)
    } catch (error) {
      this.close()
      throw error
    }
  }

  #notify(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }
}

function isBefore(one: Ticket, other: Ticket): boolean {
  const difference = BigInt(one.time) - BigInt(other.time)
  return difference === 0n ? one.id < other.id : difference < 0n
}
