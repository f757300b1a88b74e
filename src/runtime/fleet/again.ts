import { setTimeout as delay } from 'node:timers/promises'

import { messageOf } from '../../errors.ts'
import { isTransient } from '../../protocol/controller-error.ts'

const firstWaitMs = 500
const maxWaitMs = 10_000

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
  for (let waitMs = firstWaitMs; !signal.aborted; waitMs = Math.min(2 * waitMs, maxWaitMs)) {
    try {
      for await (const value of open()) {
        waitMs = firstWaitMs
        yield value
      }
    } catch (error) {
      if (signal.aborted) return
      if (!isTransient(error)) throw error
      print(`warning: ${name} is opened again in ${waitMs} ms: ${messageOf(error)}`)
    }
    await delay(waitMs, undefined, { signal }).catch(() => undefined)
  }
}
