import { AsyncLocalStorage } from 'node:async_hooks'

import type { WaitOptions } from '../protocol/channel.ts'

/** The longest a driver call may take unless `with({ timeoutMs })` says otherwise: ten minutes, enough to flash. */
export const defaultCallTimeoutMs = 600_000

const current = new AsyncLocalStorage<WaitOptions>()

/** Runs something whose driver calls have these limits, unless they are given others. */
export function withCallOptions<T>(options: WaitOptions, run: () => T): T {
  return current.run(options, run)
}

/** Limits as given, else those of {@link withCallOptions}. */
export function resolveCallOptions(given: WaitOptions): WaitOptions {
  const ambient = current.getStore()
  return { signal: given.signal ?? ambient?.signal, timeoutMs: given.timeoutMs ?? ambient?.timeoutMs }
}
