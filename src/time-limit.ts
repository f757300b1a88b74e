import { HardwareError } from './errors.ts'

/** A limit on one wait, with the name that its error gives it. */
export interface TimeLimit {
  /** What is waited for: `reset of MockPower`. */
  readonly name: string
  readonly timeoutMs: number
}

/**
 * Runs something that has to end in time. What it started may go on after the limit; only the wait ends.
 *
 * @throws HardwareError CALL_TIMEOUT when the limit runs out first
 */
export function withTimeLimit<T>({ name, timeoutMs }: TimeLimit, run: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new HardwareError('CALL_TIMEOUT', `${name} did not end within ${timeoutMs} ms`))
    }, timeoutMs)
    run()
      .then(resolve, reject)
      .finally(() => clearTimeout(timer))
  })
}
