import { now } from '../../base/clock.ts'
import { pause } from '../../base/pause.ts'
import { RepeatedFailures } from '../../base/repeated-failures.ts'
import { messageOf } from '../../errors.ts'
import { isTokenRefused, isTransientFailure, refusalAfterStartMs } from '../../protocol/controller/controller-error.ts'

/** The first and the longest pause before a stream is opened again, in milliseconds. */
const firstPauseMs = 500
const maxPauseMs = 10_000
/** The time for which a controller may refuse the token: twice as long as a controller that has just started. In milliseconds. */
const refusalTimeoutMs = 2 * refusalAfterStartMs

/** Options of {@link resubscribe}. */
export interface ResubscribeOptions {
  /** The name of the stream, for messages. */
  readonly name: string
  readonly print: (line: string) => void
  readonly signal: AbortSignal
}

/**
 * Reads a stream of the controller, and opens it again each time that it breaks or ends, until the signal is aborted.
 *
 * @throws HardwareError a refusal that another try does not change
 */
export async function* resubscribe<T>(
  open: () => AsyncGenerator<T, void, void>,
  { name, print, signal }: ResubscribeOptions,
): AsyncGenerator<T, void, void> {
  const failures = new RepeatedFailures()
  let refusedSince: number | undefined
  for (let pauseMs = firstPauseMs; !signal.aborted; pauseMs = Math.min(2 * pauseMs, maxPauseMs)) {
    try {
      for await (const value of open()) {
        pauseMs = firstPauseMs
        refusedSince = undefined
        const count = failures.end()
        if (count > 1) print(`${name} is open again, after ${count} failures`)
        yield value
      }
    } catch (error) {
      if (signal.aborted) return
      refusedSince = isTokenRefused(error) ? (refusedSince ?? now()) : undefined
      const mayBeStarting = refusedSince !== undefined && now() < refusedSince + refusalTimeoutMs
      if (!isTransientFailure(error) && !mayBeStarting) throw error
      const reason = messageOf(error)
      if (failures.add(reason)) print(`warning: ${name} has ended, and is opened again: ${reason}`)
    }
    await pause(pauseMs, { signal }).catch(() => undefined)
  }
}
