import { now, startTimer, stopTimer } from '../../base/clock.ts'

/** Options of {@link PeriodicTask}. Times are in milliseconds. */
export interface PeriodicOptions<T> {
  readonly items: readonly T[]
  readonly periodMs: number
  /** The time until it ends by itself (default never). */
  readonly durationMs: number
  readonly send: (item: T) => Promise<void>
}

/** Sends items again and again, one after another. A period in which the item before is still being sent is left out. */
export class PeriodicTask<T> {
  readonly #options: PeriodicOptions<T>
  #timer: NodeJS.Timeout | undefined
  #isStopped = false
  #isStarted = false

  constructor(options: PeriodicOptions<T>) {
    this.#options = options
  }

  get isStopped(): boolean {
    return this.#isStopped
  }

  /** Starts it. A task that runs goes on. */
  start(): void {
    if (this.#isStarted) return
    this.#isStarted = true
    this.#run(now(), 0)
  }

  /** Ends it. It cannot start again. */
  stop(): void {
    this.#isStopped = true
    stopTimer(this.#timer)
  }

  #run(startedMs: number, count: number): void {
    const { items, periodMs, durationMs, send } = this.#options
    const item = items[count % items.length]
    if (this.#isStopped || item === undefined) return
    void send(item).finally(() => {
      // Counted from the start, so that the delays of timers do not add up.
      const passedMs = now() - startedMs
      const next = Math.max(1, Math.ceil(passedMs / periodMs)) * periodMs
      if (!this.#isStopped && next < durationMs) {
        this.#timer = startTimer(() => this.#run(startedMs, count + 1), next - passedMs)
      }
    })
  }
}
