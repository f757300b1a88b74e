import { AsyncLocalStorage } from 'node:async_hooks'

import { HardwareError } from '../errors.ts'
import type { WaitOptions } from '../protocol/channel.ts'

/** The longest a driver call may take unless `with({ timeoutMs })` says otherwise: ten minutes, enough to flash. */
export const defaultCallTimeoutMs = 600_000

interface AmbientOptions extends WaitOptions {
  /** Aborted when what has these limits is over. */
  readonly over: AbortSignal
}

const current = new AsyncLocalStorage<AmbientOptions>()

/**
 * Runs something whose driver calls have these limits, unless they are given others. Calls that begin after the signal was
 * aborted belong to its clean-up, as hooks and fixtures of a test that was cancelled, and are not cancelled by it. Calls
 * that begin when it is over are refused.
 */
export async function withCallOptions<T>(options: WaitOptions, run: () => Promise<T>): Promise<T> {
  const over = new AbortController()
  try {
    return await current.run({ ...options, over: over.signal }, run)
  } finally {
    over.abort(new HardwareError('CALL_CANCELLED', 'the test is over'))
  }
}

/** Limits as given, else those of {@link withCallOptions}. */
export function resolveCallOptions(given: WaitOptions): WaitOptions {
  const ambient = current.getStore()
  const signal = ambient?.over.aborted === true || ambient?.signal?.aborted === true ? ambient.over : ambient?.signal
  return { signal: given.signal ?? signal, timeoutMs: given.timeoutMs ?? ambient?.timeoutMs }
}
