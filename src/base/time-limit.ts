import { type ErrorDetails, type ErrorOrigin, HardwareError } from '../errors.ts'
import { onAbort, untilAborted } from './abort.ts'
import { startTimer, stopTimer } from './clock.ts'

/** A time limit, with the name of the wait for its error. */
export interface TimeLimit {
  /** The name of the wait: `reset of power (MockPower)`. */
  readonly name: string
  readonly timeoutMs: number
  /** The facts of its error, in addition to the limit. */
  readonly details?: ErrorDetails | undefined
  /** The party that has to act when the limit runs out (default `board`). */
  readonly origin?: ErrorOrigin | undefined
  /** Ends the wait early. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Runs a function that has to end in time. Its work may go on after the limit; only the wait ends.
 *
 * @param run gets a signal that is aborted when the wait ends early, to end the work, too
 * @throws HardwareError CALL_TIMEOUT when the limit runs out first, and the signal's reason when the signal is aborted first
 */
export async function withTimeLimit<T>(limit: TimeLimit, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { timeoutMs, signal } = limit
  signal?.throwIfAborted()
  const ended = new AbortController()
  const stopListening = onAbort(signal, () => ended.abort(signal?.reason))
  const timer = startTimer(() => ended.abort(timeLimitError(limit)), timeoutMs)
  try {
    return await untilAborted(run(ended.signal), ended.signal)
  } finally {
    stopTimer(timer)
    stopListening()
  }
}

/** Makes a signal that is aborted when a limit runs out. Its timer does not keep the process alive. */
export function timeLimitSignal(limit: Omit<TimeLimit, 'signal'>): AbortSignal {
  const controller = new AbortController()
  startTimer(() => controller.abort(timeLimitError(limit)), limit.timeoutMs).unref()
  return controller.signal
}

/** Makes the error of something that has reached its time limit. */
export function timeLimitError({ name, timeoutMs, details, origin }: TimeLimit): HardwareError {
  const message = `${name} did not end within ${timeoutMs} ms`
  return new HardwareError('CALL_TIMEOUT', message, { origin, details: { ...details, limitMs: timeoutMs } })
}
