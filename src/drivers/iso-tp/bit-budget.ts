import { now } from '../../base/clock.ts'
import { pause } from '../../base/pause.ts'

/** Limits the bits of a stream to a mean over a time window. What was not used is saved, up to one window. */
export class BitBudget {
  readonly #bitsPerMs: number
  readonly #most: number
  #saved: number
  #lastMs = now()

  /** @param windowMs the time over which the rate is a mean, in milliseconds */
  constructor(bitsPerSecond: number, windowMs: number) {
    this.#bitsPerMs = bitsPerSecond / 1000
    this.#most = this.#bitsPerMs * windowMs
    this.#saved = this.#most
  }

  /** Waits until so many bits may be sent. @throws the signal's reason */
  async take(bits: number, signal: AbortSignal): Promise<void> {
    const timeMs = now()
    this.#saved = Math.min(this.#most, this.#saved + (timeMs - this.#lastMs) * this.#bitsPerMs) - bits
    this.#lastMs = timeMs
    if (this.#saved < 0) await pause(-this.#saved / this.#bitsPerMs, { signal })
  }
}
