import { HardwareError } from './errors.ts'

/** A limit on one wait, with the name that its error gives it. */
export interface TimeLimit {
  /** What is waited for: `reset of power (MockPower)`. */
  readonly name: string
  readonly timeoutMs: number
  /** Ends the wait before. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Runs something that has to end in time. What it started may go on after the limit; only the wait ends.
 *
 * @throws HardwareError CALL_TIMEOUT when the limit runs out first, and the signal's reason when that is aborted first
 */
export async function withTimeLimit<T>({ name, timeoutMs, signal }: TimeLimit, run: () => Promise<T>): Promise<T> {
  signal?.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  const abort = () => reject(signal?.reason)
  signal?.addEventListener('abort', abort)
  const timer = setTimeout(() => reject(exceeded(name, timeoutMs)), timeoutMs)
  run().then(resolve, reject)
  return promise.finally(() => {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
  })
}

/** A signal that is aborted when a limit runs out, for waits that take one; it keeps no process alive. */
export function timeLimitSignal({ name, timeoutMs }: Omit<TimeLimit, 'signal'>): AbortSignal {
  const limit = new AbortController()
  setTimeout(() => limit.abort(exceeded(name, timeoutMs)), timeoutMs).unref()
  return limit.signal
}

function exceeded(name: string, timeoutMs: number): HardwareError {
  return new HardwareError('CALL_TIMEOUT', `${name} did not end within ${timeoutMs} ms`)
}
