import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

import { readMessages } from './message-stream.ts'
import type { ClaimState, Ticket } from './machine-lock-claim.ts'

/** How long until one is asked again that could not answer, in milliseconds. */
const retryMs = 10

/** What a connection fails with where nobody listens, or where there is no socket at all. */
const nobodyCodes: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ENOTSOCK'])
/** What it fails with, if at all, where there is somebody: with a full queue, or without file descriptors. */
const busyCodes: ReadonlySet<string> = new Set(['EAGAIN', 'ECONNRESET', 'EPIPE'])

/** Another one's claim to a lock, as long as this process is connected to it. */
export class Rival {
  readonly #socket: Socket
  #last: ClaimState | undefined
  #error: NodeJS.ErrnoException | undefined
  #closed = false
  #changed = Promise.withResolvers<void>()

  /**
   * Connects to the one whose socket it is. Only a refusal proves that it is dead.
   *
   * @returns `dead` where nobody listens, `gone` where there is no such socket any more
   */
  static async connect(path: string, signal: AbortSignal | undefined): Promise<Rival | 'dead' | 'gone'> {
    for (;;) {
      const rival = new Rival(connect(path))
      await rival.#until(() => rival.#last !== undefined, signal)
      if (rival.#last !== undefined) return rival
      const { code = '' } = rival.#error ?? {}
      if (code === 'ENOENT') return 'gone'
      if (nobodyCodes.has(code)) return 'dead'
      if (rival.#error !== undefined && !busyCodes.has(code)) throw rival.#error
      await delay(retryMs)
    }
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

  /** What it said last. */
  get last(): ClaimState {
    if (this.#last === undefined) throw new TypeError('a rival that has said nothing')
    return this.#last
  }

  /** Whether it has ended. */
  get closed(): boolean {
    return this.#closed
  }

  /** Whether it holds, or will hold before one with this ticket; where that is not known yet, waits until it is. */
  async comesBefore(ticket: Ticket, signal: AbortSignal | undefined): Promise<boolean> {
    const isUndecided = () => this.last.state === 'claiming' && isBefore(ticket, this.last.ticket)
    await this.#until(() => !isUndecided(), signal)
    return !this.#closed && this.last.state !== 'released'
  }

  /** Waits until it has released what it has, or has ended. */
  async untilReleased(signal: AbortSignal | undefined): Promise<void> {
    await this.#until(() => this.last.state === 'released', signal)
  }

  close(): void {
    this.#socket.destroy()
  }

  /** Waits until something holds, or the claim is gone. */
  async #until(holds: () => boolean, signal: AbortSignal | undefined): Promise<void> {
    const abort = () => this.#notify()
    signal?.addEventListener('abort', abort)
    try {
      while (!holds() && !this.#closed) {
        if (signal?.aborted === true) {
          this.close()
          throw signal.reason
        }
        await this.#changed.promise
      }
    } finally {
      signal?.removeEventListener('abort', abort)
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
