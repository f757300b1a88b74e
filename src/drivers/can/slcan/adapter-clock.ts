import { now, wallClock } from '../../../base/clock.ts'

/** The time after which an adapter's clock begins again at 0, in milliseconds (manual of CANUSB, command Z). */
const periodMs = 60_000

/** The most that two clocks of crystals differ, as a part of the time: 200 parts in a million. */
const maxDrift = 2e-4

/** The time source, for tests. */
export interface HostClock {
  /** Milliseconds that never go back. */
  now(): number
  /** Milliseconds since 1970. */
  wallClock(): number
}

/**
 * Translates the time stamps of an adapter, which begin again after a minute, into this machine's time. Frames come some milliseconds
 * after their stamp, some later than others; the frame that was fastest says how far apart the clocks are.
 */
export class AdapterClock {
  readonly #host: HostClock
  /** The last stamp, with all full periods added, and the host's time at its arrival. */
  #last: { readonly adapterMs: number; readonly hostMs: number } | undefined
  /** The host's time when the adapter's was 0. */
  #offsetMs = Infinity

  constructor(host: HostClock = { now, wallClock }) {
    this.#host = host
  }

  /** Takes the stamp of a frame that has come just now. @returns the time of the frame, in milliseconds since 1970 */
  timeOf(stampMs: number): number {
    const hostMs = this.#host.now()
    const { adapterMs: lastMs, hostMs: lastHostMs } = this.#last ?? { adapterMs: stampMs, hostMs }
    const passedMs = hostMs - lastHostMs
    const periods = Math.round((lastMs + passedMs - stampMs) / periodMs)
    const adapterMs = stampMs + periods * periodMs
    this.#last = { adapterMs, hostMs }
    this.#offsetMs = Math.min(this.#offsetMs + passedMs * maxDrift, hostMs - adapterMs)
    return this.#host.wallClock() - (hostMs - (adapterMs + this.#offsetMs))
  }
}
