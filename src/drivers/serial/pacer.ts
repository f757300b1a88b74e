import { setTimeout as delay } from 'node:timers/promises'

/** Timers count in milliseconds, so that is how often pieces are sent at the most. */
const ticksPerSecond = 1_000

/** Sends one chunk after another, at a number of characters a second where there is one. */
export class Pacer {
  readonly #charsPerSecond: number | undefined
  #last: Promise<void> = Promise.resolve()
  #nextAt = 0

  constructor(charsPerSecond: number | undefined) {
    this.#charsPerSecond = charsPerSecond
  }

  /**
   * Sends a chunk after those before it.
   *
   * @param wanted is asked before each piece; what is no longer wanted is not sent
   */
  send(bytes: Uint8Array, wanted: () => boolean, write: (piece: Uint8Array) => void | Promise<void>): Promise<void> {
    const sent = this.#last.then(() => this.#send(bytes, wanted, write))
    this.#last = sent.catch(() => undefined)
    return sent
  }

  async #send(
    bytes: Uint8Array,
    wanted: () => boolean,
    write: (piece: Uint8Array) => void | Promise<void>,
  ): Promise<void> {
    const rate = this.#charsPerSecond
    if (rate === undefined) {
      if (wanted()) await write(bytes)
      return
    }
    const length = Math.ceil(rate / ticksPerSecond)
    for (let start = 0; start < bytes.length; start += length) {
      // Again, because a timer may fire a little too early.
      for (let waitMs = this.#waitMs(); waitMs > 0; waitMs = this.#waitMs()) await delay(Math.ceil(waitMs))
      if (!wanted()) return
      const piece = bytes.subarray(start, start + length)
      this.#nextAt = performance.now() + (1000 * piece.length) / rate
      await write(piece)
    }
  }

  #waitMs(): number {
    return this.#nextAt - performance.now()
  }
}
