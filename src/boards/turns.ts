import { resolveCallOptions } from '../clients/call-options.ts'
import { HardwareError, messageOf } from '../errors.ts'
import { untilAborted } from './step.ts'

/** Limits on a wait for a board. */
export interface BoardWaitOptions {
  readonly signal?: AbortSignal | undefined
  /** How long to wait, in milliseconds (default: most of the test's time in a test, else as long as the board is given). */
  readonly timeoutMs?: number | undefined
}

/** Lets those who want something of a board do it one after another, each no longer than it wants to wait. */
export class Turns {
  readonly #name: string
  readonly #describe: () => string
  #queue: Promise<unknown> = Promise.resolve()

  /**
   * @param name how errors name the board
   * @param describe says what is being done at this moment, for errors
   */
  constructor(name: string, describe: () => string) {
    this.#name = name
    this.#describe = describe
  }

  /**
   * Waits for a turn, and runs something.
   *
   * @param what how errors name it
   * @param run gets a signal that is aborted when the caller does not want to wait any longer
   * @throws HardwareError CALL_CANCELLED, CALL_TIMEOUT at the caller's limits, and what `run` throws
   */
  async take<T>(what: string, given: BoardWaitOptions, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { signal, timeoutMs } = resolveCallOptions({ signal: given.signal, timeoutMs: given.timeoutMs })
    const label = `${this.#name}.${what}`
    const stop = new AbortController()
    const cancel = () => {
      const message = `${label} was cancelled (${messageOf(signal?.reason)}); ${this.#describe()}`
      stop.abort(new HardwareError('CALL_CANCELLED', message, { cause: signal?.reason }))
    }
    const expire = () => {
      const message = `${label} did not end within the ${timeoutMs} ms it was given; ${this.#describe()}`
      // Every edge was within its own limit: whoever set this one has to act.
      stop.abort(new HardwareError('CALL_TIMEOUT', message, { origin: 'test' }))
    }
    if (signal?.aborted === true) cancel()
    signal?.addEventListener('abort', cancel, { once: true })
    const timer = timeoutMs === undefined ? undefined : setTimeout(expire, timeoutMs)
    const { promise: ended, resolve: end } = Promise.withResolvers<void>()
    const before = this.#queue
    this.#queue = before.then(() => ended)
    try {
      await untilAborted(before, stop.signal)
      return await run(stop.signal)
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', cancel)
      end()
    }
  }
}
