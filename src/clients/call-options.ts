import { AsyncLocalStorage } from 'node:async_hooks'

import { sharedByCopies } from '../base/brand.ts'
import type { WaitOptions } from '../base/wait-options.ts'
import { HardwareError } from '../errors.ts'

/** The default time limit of a driver call, in milliseconds: ten minutes, enough to flash. `with({ timeoutMs })` changes it. */
export const defaultCallTimeoutMs = 600_000

/** Limits of the calls of a function. */
export interface CallOptions extends WaitOptions {
  /** Returns the longest that a call may take that begins now, in milliseconds, if there is a limit for all calls together. */
  readonly leftMs?: (() => number | undefined) | undefined
  /** Gets the waits that are under way, each as a function that describes it, for the error of a function that ends before them. */
  readonly waits?: Set<() => string> | undefined
}

interface AmbientOptions extends CallOptions {
  /** Aborted when the function with these limits has ended. */
  readonly over: AbortSignal
}

const current = sharedByCopies('call-options', () => new AsyncLocalStorage<AmbientOptions>())

/**
 * Runs a function whose driver calls have these limits, unless they are given others. A call that begins after the signal was
 * aborted belongs to the clean-up, such as hooks and fixtures of a cancelled test, and is not cancelled by the signal. A call
 * that begins after the function has ended is refused.
 */
export async function withCallOptions<T>(options: CallOptions, run: () => Promise<T>): Promise<T> {
  const over = new AbortController()
  const { waits = current.getStore()?.waits } = options
  try {
    return await current.run({ ...options, waits, over: over.signal }, run)
  } finally {
    over.abort(new HardwareError('CALL_CANCELLED', 'the test is over'))
  }
}

/** Runs a function whose driver calls have none of the limits of {@link withCallOptions}. */
export function withoutCallOptions<T>(run: () => T): T {
  return current.exit(run)
}

/** The limits of a call: the given ones, else those of {@link withCallOptions}. */
export function resolveCallOptions(given: WaitOptions): WaitOptions {
  const ambient = current.getStore()
  const signal = ambient?.over.aborted === true || ambient?.signal?.aborted === true ? ambient.over : ambient?.signal
  return { signal: given.signal ?? signal, timeoutMs: given.timeoutMs ?? limitOf(ambient) }
}

/**
 * Notes a wait for the error of a test or hook whose time is over first.
 *
 * @param describe describes the wait as it is when the time is over
 * @returns a function that takes the note back, to be called when the wait has ended
 */
export function noteWait(describe: () => string): () => void {
  const waits = current.getStore()?.waits
  waits?.add(describe)
  return () => waits?.delete(describe)
}

function limitOf(ambient: AmbientOptions | undefined): number | undefined {
  const leftMs = ambient?.leftMs?.()
  if (leftMs === undefined) return ambient?.timeoutMs
  return Math.min(leftMs, ambient?.timeoutMs ?? Infinity)
}
