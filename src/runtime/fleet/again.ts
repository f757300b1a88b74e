import { setTimeout as delay } from 'node:timers/promises'

import { messageOf } from '../../errors.ts'
import { isTokenRefused, isTransient, refusalAfterStartMs } from '../../protocol/controller-error.ts'

const firstWaitMs = 500
const maxWaitMs = 10_000
/** For how long tokens may be refused: twice as long as a controller does so that has just started. In milliseconds. */
const refusalMs = 2 * refusalAfterStartMs

/** What {@link readAgain} takes. */
export interface AgainOptions {
  /** What is read, for messages. */
  readonly name: string
  readonly print: (line: string) => void
  readonly signal: AbortSignal
}

/**
 * Reads a stream, and opens it anew whenever it breaks or ends, until the signal is aborted.
 *
 * @throws what another try does not change
 */
export async function* readAgain<T>(
  open: () => AsyncGenerator<T, void, void>,
  { name, print, signal }: AgainOptions,
): AsyncGenerator<T, void, void> {
  let refusedSince: number | undefined
  for (let waitMs = firstWaitMs; !signal.aborted; waitMs = Math.min(2 * waitMs, maxWaitMs)) {
    try {
      for await (const value of open()) {
        waitMs = firstWaitMs
        refusedSince = undefined
        yield value
      }
    } catch (error) {
      if (signal.aborted) return
      refusedSince = isTokenRefused(error) ? (refusedSince ?? performance.now()) : undefined
      const isPatient = refusedSince !== undefined && performance.now() < refusedSince + refusalMs
      if (!isTransient(error) && !isPatient) throw error
      print(`warning: ${name} is opened again in ${waitMs} ms: ${messageOf(error)}`)
    }
    await delay(waitMs, undefined, { signal }).catch(() => undefined)
  }
}
