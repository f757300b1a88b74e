import { resolveCallOptions } from '../call-options.ts'
import type { ExpectOptions } from '../console/types.ts'
import type { ShellWaitOptions } from './types.ts'

/** A time by which several waits together have to be over. */
export interface Deadline {
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
  /** What is left, in milliseconds; 0 when it is over. */
  remainingMs(): number
  /** The limits of one wait: the rest of the time, or less. */
  within(limitMs?: number): ExpectOptions
}

/**
 * The limits of something that a test does: as given, else the default, or what is left of the test's time if that is less.
 */
export function limitsOf({ timeoutMs, signal }: ShellWaitOptions, defaultMs: number) {
  const ambient = resolveCallOptions({})
  return {
    timeoutMs: timeoutMs ?? Math.min(defaultMs, ambient.timeoutMs ?? Infinity),
    signal: signal ?? ambient.signal,
  }
}

/** Begins to count. */
export function createDeadline({ timeoutMs, signal }: ShellWaitOptions & { readonly timeoutMs: number }): Deadline {
  const end = performance.now() + timeoutMs
  const remainingMs = () => Math.max(0, end - performance.now())
  return {
    timeoutMs,
    signal,
    remainingMs,
    within: (limitMs = Infinity) => ({ timeoutMs: Math.ceil(Math.min(limitMs, remainingMs())), signal }),
  }
}
