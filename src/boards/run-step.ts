import { onAbort, untilAborted } from '../base/abort.ts'
import { sleep, startTimer, stopTimer } from '../base/clock.ts'
import { type TimeLimit, timeLimitError } from '../base/time-limit.ts'
import { withCallOptions } from '../clients/call-options.ts'
import { HardwareError, messageOf } from '../errors.ts'

/** The time that a step has to end after it was stopped, in milliseconds. */
const gracePeriodMs = 1_000
/** The part of a step's time limit that one driver call has, so the error of the call comes before the error of the step. */
const shareOfCall = 0.9

/**
 * Runs one step of a board: a function that calls drivers and has to end in time. Its driver calls have the limits of the step;
 * when the step has to stop, they are cancelled, and later calls fail at once.
 *
 * @param limits with a signal that ends the step early
 * @throws HardwareError CALL_TIMEOUT at the time limit, with the error of the stopped step as its cause; the signal's reason;
 *   and the error of the step
 */
export async function runStep<T>(
  limits: TimeLimit & { readonly signal: AbortSignal },
  run: (signal: AbortSignal) => T | Promise<T>,
): Promise<T> {
  const { timeoutMs, signal } = limits
  signal.throwIfAborted()
  const stop = new AbortController()
  const late = timeLimitError(limits)
  const timer = startTimer(() => stop.abort(late), timeoutMs)
  const stopListening = onAbort(signal, () => stop.abort(signal.reason))
  const calls = { signal: stop.signal, timeoutMs: shareOfCall * timeoutMs }
  const work = withCallOptions(calls, async () => run(stop.signal))
  try {
    return await untilAborted(work, stop.signal)
  } catch (error) {
    if (!stop.signal.aborted) throw error
    const reason: unknown = stop.signal.reason
    // Until the step has ended, it may still use the hardware and disturb the next step.
    const cause = error === reason ? await errorOfStopped(work) : error
    if (reason !== late || cause === undefined || cause === late) throw reason
    throw new HardwareError('CALL_TIMEOUT', `${late.message}: ${messageOf(cause)}`, { cause, details: late.details })
  } finally {
    stopTimer(timer)
    stopListening()
  }
}

/** @returns the error of a step that was stopped, if the step ends soon */
async function errorOfStopped(work: Promise<unknown>): Promise<unknown> {
  const end = new AbortController()
  const error = work.then(
    () => undefined,
    (error: unknown) => error,
  )
  const tooLate = sleep(gracePeriodMs, { signal: end.signal, ref: true }).catch(() => undefined)
  return Promise.race([error, tooLate]).finally(() => end.abort())
}
