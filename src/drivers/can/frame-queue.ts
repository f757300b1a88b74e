import { onAbort } from '../../base/abort.ts'
import { startTimer, stopTimer } from '../../base/clock.ts'

/** The most elements that wait for a reader: more than ten seconds of a bus with 1 Mbit/s that is always busy. */
const defaultLimit = 100_000

/** Options of {@link FrameQueue}. */
interface FrameQueueOptions {
  /** The most elements that wait (default 100 000). */
  readonly limit?: number | undefined
  /** Is called for the first element of a series that was dropped because nobody has taken it. */
  readonly dropped: () => void
}

/** Frames, or messages, that wait for a reader. A full queue drops the oldest. */
export class FrameQueue<T> {
  readonly #limit: number
  readonly #dropped: () => void
  #waiting: T[] = []
  /** The place of the oldest element: to shift a long array for each element would take long. */
  #start = 0
  #isDropping = false
  readonly #readers = new Set<{ give(element: T): void; fail(error: unknown): void }>()

  constructor({ limit = defaultLimit, dropped }: FrameQueueOptions) {
    this.#limit = limit
    this.#dropped = dropped
  }

  get length(): number {
    return this.#waiting.length - this.#start
  }

  push(element: T): void {
    const [reader] = this.#readers
    if (reader !== undefined) {
      this.#readers.delete(reader)
      return reader.give(element)
    }
    this.#waiting.push(element)
    if (this.length <= this.#limit) return
    this.#shift()
    if (!this.#isDropping) this.#dropped()
    this.#isDropping = true
  }

  /**
   * Takes the oldest element, or waits for the next one.
   *
   * @param timeoutMs Infinity has no limit
   * @returns undefined when none comes in time
   * @throws the reason of {@link fail}, and the signal's
   */
  async take(timeoutMs: number, signal: AbortSignal): Promise<T | undefined> {
    signal.throwIfAborted()
    const oldest = this.#shift()
    if (oldest !== undefined || timeoutMs <= 0) return oldest
    const { promise, resolve, reject } = Promise.withResolvers<T | undefined>()
    const reader = { give: resolve, fail: reject }
    // A reader that has its element, or has gone, must not get another one.
    const leave = () => this.#readers.delete(reader)
    const late = () => leave() && resolve(undefined)
    const timer = timeoutMs === Infinity ? undefined : startTimer(late, Math.ceil(timeoutMs))
    const stopListening = onAbort(signal, () => leave() && reject(signal.reason))
    this.#readers.add(reader)
    try {
      return await promise
    } finally {
      stopTimer(timer)
      stopListening()
    }
  }

  /** Ends the waits of all readers with an error. */
  fail(error: unknown): void {
    for (const reader of this.#readers) reader.fail(error)
    this.#readers.clear()
  }

  /** Drops the waiting elements that do not fit. */
  keep(fits: (element: T) => boolean): void {
    this.#waiting = this.#waiting.slice(this.#start).filter((element) => fits(element))
    this.#start = 0
  }

  #shift(): T | undefined {
    if (this.length === 0) {
      this.#isDropping = false
      return undefined
    }
    const oldest = this.#waiting[this.#start++]
    if (this.#start > 1_000 && this.#start > this.#waiting.length / 2) {
      this.#waiting = this.#waiting.slice(this.#start)
      this.#start = 0
    }
    return oldest
  }
}
