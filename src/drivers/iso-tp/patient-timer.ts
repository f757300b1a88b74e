import { now, startTimer, stopTimer } from '../../base/clock.ts'

/** The delay of a timer that shows that this process was busy, in milliseconds. */
const busyMs = 50

/**
 * The limit of a wait for a frame. A limit that ends late, because this process was busy, is granted once more: the frame may have come,
 * and wait to be read.
 */
export class PatientTimer {
  readonly #timeoutMs: number
  readonly #late: () => void
  #timer: NodeJS.Timeout | undefined

  /** @param late is called when the limit runs out */
  constructor(timeoutMs: number, late: () => void) {
    this.#timeoutMs = timeoutMs
    this.#late = late
  }

  /** Starts it, or begins anew. */
  start(): void {
    this.#start(true)
  }

  stop(): void {
    stopTimer(this.#timer)
  }

  #start(isFirst: boolean): void {
    stopTimer(this.#timer)
    const dueMs = now() + this.#timeoutMs
    const end = () => {
      if (isFirst && now() > dueMs + busyMs) this.#start(false)
      else this.#late()
    }
    this.#timer = startTimer(end, this.#timeoutMs)
  }
}
