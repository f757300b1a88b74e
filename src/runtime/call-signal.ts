import { AsyncLocalStorage } from 'node:async_hooks'

const current = new AsyncLocalStorage<AbortSignal>()
const never = new AbortController().signal

/**
 * The signal of the call under way, for drivers that wait: it is aborted when the client cancels the call, its time
 * limit runs out or its connection is lost.
 *
 * @example
 * ```ts
 * async waitForButton() {
 *   await once(this.button, 'press', { signal: callSignal() })
 * }
 * ```
 */
export function callSignal(): AbortSignal {
  return current.getStore() ?? never
}

/** Runs a driver's code with a signal for {@link callSignal}. */
export function withCallSignal<T>(signal: AbortSignal, run: () => T): T {
  return current.run(signal, run)
}
