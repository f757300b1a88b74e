import { setTimeout as delay } from 'node:timers/promises'

/** What {@link tryAgain} takes. All times are in milliseconds. */
export interface TryAgainOptions {
  /** How long is waited after the first failure; after each later one twice as long. */
  readonly firstWaitMs: number
  /** How long is waited at the most. */
  readonly maxWaitMs: number
  /** How long after the first try another one may begin. */
  readonly timeoutMs: number
  /** Whether another try may succeed. */
  readonly mayPass: (error: unknown) => boolean
  /** Is told of each failure that is followed by another try. */
  readonly failed?: ((error: unknown) => void) | undefined
  /** Ends the tries. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Does something until it succeeds.
 *
 * @throws what the last try threw: one that another does not change, or the last in time
 */
export async function tryAgain<T>(run: () => Promise<T>, options: TryAgainOptions): Promise<T> {
  const { firstWaitMs, maxWaitMs, timeoutMs, mayPass, failed, signal } = options
  const deadline = performance.now() + timeoutMs
  for (let waitMs = firstWaitMs; ; waitMs = Math.min(2 * waitMs, maxWaitMs)) {
    try {
      return await run()
    } catch (error) {
      if (signal?.aborted === true || !mayPass(error) || performance.now() + waitMs > deadline) throw error
      failed?.(error)
      await delay(waitMs, undefined, signal === undefined ? {} : { signal }).catch(() => {
        throw error
      })
    }
  }
}
