import { now } from '../../base/clock.ts'
import { Mutex } from '../../base/mutex.ts'
import { pause } from '../../base/pause.ts'

/** The most pieces that are sent in a second. Timers count in milliseconds. */
const ticksPerSecond = 1_000

/** Sends one chunk after another, and at most a number of characters a second if there is a limit. */
export class RateLimit {
  readonly #charsPerSecond: number | undefined
  readonly #mutex = new Mutex()
  #nextAt = 0

  constructor(charsPerSecond: number | undefined) {
    this.#charsPerSecond = charsPerSecond
  }

  /**
   * Sends a chunk after the earlier ones.
   *
   * @param wanted is called before each piece; returns false when the rest is not to be sent
   */
  send(bytes: Uint8Array, wanted: () => boolean, write: (piece: Uint8Array) => void | Promise<void>): Promise<void> {
    return this.#mutex.run(() => this.#send(bytes, wanted, write))
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
      for (let waitMs = this.#waitMs(); waitMs > 0; waitMs = this.#waitMs()) await pause(Math.ceil(waitMs))
      if (!wanted()) return
      const piece = bytes.subarray(start, start + length)
      this.#nextAt = now() + (1000 * piece.length) / rate
      await write(piece)
    }
  }

  #waitMs(): number {
    return this.#nextAt - now()
  }
}
