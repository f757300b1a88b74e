import { connect, type Socket } from 'node:net'

import { readMessages } from './message-stream.ts'
import type { ClaimState, Ticket } from './machine-lock.ts'

/** Another one's claim to a lock, as long as this process is connected to it. */
export class Rival {
  readonly #socket: Socket
  #last: ClaimState | undefined
  #closed = false
  #changed = Promise.withResolvers<void>()

  /** @returns nothing where nobody listens any more */
  static async connect(path: string, signal: AbortSignal | undefined): Promise<Rival | undefined> {
    const rival = new Rival(connect(path))
    await rival.#until(() => rival.#last !== undefined, signal)
    return rival.#last === undefined ? undefined : rival
  }

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('error', () => undefined)
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

  /** Whether it has ended without having released what it held. */
  get abandoned(): boolean {
    return this.#closed && this.last.state === 'holding'
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
