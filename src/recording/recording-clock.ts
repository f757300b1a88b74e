import { now, wallClock } from '../base/clock.ts'

/** The one clock of a recording. It counts milliseconds from its begin, and never goes back. */
export class RecordingClock {
  readonly #start = now()
  /** The time of day at which the clock is 0, in milliseconds since 1970. */
  readonly startedAt = wallClock()
  #lastId = 0

  /** The time of this moment. */
  get time(): number {
    return now() - this.#start
  }

  /** Converts a time as of `now()`. */
  fromNow(time: number): number {
    return time - this.#start
  }

  /** Converts a time of day of this machine, in milliseconds since 1970, with the clock that the machine has now. */
  fromWall(time: number): number {
    return this.time - (wallClock() - time)
  }

  /** A number that nothing else of the recording has. */
  nextId(): number {
    return ++this.#lastId
  }
}
