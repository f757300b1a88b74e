import { now } from './clock.ts'
import { pause } from './pause.ts'

/** Options of {@link retry}. All times are in milliseconds. */
export interface RetryOptions {
  /** The wait after the first failure. Each later wait is twice as long. */
  readonly firstWaitMs: number
  /** The longest wait between two tries. */
  readonly maxWaitMs: number
  /** A try may begin until this time has passed since the first one began. */
  readonly timeoutMs: number
  /** Returns true if another try may succeed. */
  readonly isRetryable: (error: unknown) => boolean
  /** Is called with each failure that another try follows. */
  readonly failed?: ((error: unknown) => void) | undefined
  /** Ends the tries. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Runs a function until it succeeds. The first try is always made.
 *
 * @throws the error of the last try
 */
export async function retry<T>(run: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { firstWaitMs, maxWaitMs, timeoutMs, isRetryable, failed, signal } = options
  const deadline = now() + timeoutMs
  for (let waitMs = firstWaitMs; ; waitMs = Math.min(2 * waitMs, maxWaitMs)) {
    try {
      return await run()
    } catch (error) {
      if (signal?.aborted === true || !isRetryable(error) || now() + waitMs > deadline) throw error
      failed?.(error)
      await pause(waitMs, { signal }).catch(() => {
        throw error
      })
    }
  }
}
