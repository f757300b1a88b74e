import { onAbort } from '../base/abort.ts'
import { startTimer, stopTimer } from '../base/clock.ts'
import { Mutex } from '../base/mutex.ts'
import type { WaitOptions } from '../base/wait-options.ts'
import { resolveCallOptions } from '../clients/call-options.ts'
import { HardwareError, messageOf } from '../errors.ts'

/** Limits of a wait for a board. Without them it has the rest of the test's time; outside of tests, the time limit of the board. */
export type BoardWaitOptions = WaitOptions

/** Runs the operations of a board one after another, each with the limits of its caller. */
export class BoardTurns {
  readonly #name: string
  readonly #describe: () => string
  readonly #mutex = new Mutex()

  /**
   * @param name the name of the board in errors
   * @param describe returns the step that is running at this moment, for errors
   */
  constructor(name: string, describe: () => string) {
    this.#name = name
    this.#describe = describe
  }

  /**
   * Waits for a turn, and runs an operation.
   *
   * @param what the name of the operation in errors
   * @param run gets a signal that is aborted at the limits of the caller
   * @throws HardwareError CALL_CANCELLED, CALL_TIMEOUT at the limits of the caller, and the error of `run`
   */
  async take<T>(what: string, given: BoardWaitOptions, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { signal, timeoutMs } = resolveCallOptions(given)
    const label = `${this.#name}.${what}`
    const stop = new AbortController()
    const stopListening = onAbort(signal, () => {
      const cause: unknown = signal?.reason
      const message = `${label} was cancelled (${messageOf(cause)}); ${this.#describe()}`
      stop.abort(new HardwareError('CALL_CANCELLED', message, { cause, details: { role: this.#name } }))
    })
    const expire = () => {
      const message = `${label} did not end within the ${timeoutMs} ms it was given; ${this.#describe()}`
      // Every edge was within its own limit, so the caller has to set a longer one.
      const details = { role: this.#name, limitMs: timeoutMs }
      stop.abort(new HardwareError('CALL_TIMEOUT', message, { origin: 'test', details }))
    }
    const timer = timeoutMs === undefined ? undefined : startTimer(expire, timeoutMs)
    try {
      return await this.#mutex.run(() => run(stop.signal), { signal: stop.signal })
    } finally {
      stopTimer(timer)
      stopListening()
    }
  }
}
