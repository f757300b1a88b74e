import { onAbort } from '../../base/abort.ts'
import { startTimer, stopTimer } from '../../base/clock.ts'
import { type TimeLimit, timeLimitError } from '../../base/time-limit.ts'

/**
 * Starts a time limit for work of several parts, each of which ends by the signal. Unlike {@link withTimeLimit} it leaves the wait
 * for the end of that work to the caller, because a board may be made safe only when no tool writes any more.
 *
 * @returns the signal, which is aborted at the limit, and when the given signal is; dispose of the limit at the end of the work
 */
export function startLimit(limit: TimeLimit): Disposable & { readonly signal: AbortSignal } {
  const ended = new AbortController()
  const stopListening = onAbort(limit.signal, () => ended.abort(limit.signal?.reason))
  const timer = startTimer(() => ended.abort(timeLimitError(limit)), limit.timeoutMs)
  return {
    signal: ended.signal,
    [Symbol.dispose]() {
      stopTimer(timer)
      stopListening()
    },
  }
}
