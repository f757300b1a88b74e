import { now } from '../../base/clock.ts'
import type { WaitOptions } from '../../base/wait-options.ts'
import { HardwareError } from '../../errors.ts'
import { resolveCallOptions } from '../call-options.ts'

/** A time at which several waits together have to be over. */
export interface Deadline {
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
  /** The time that is left, in milliseconds; 0 when it is over. */
  remainingMs(): number
  /** The limits of one wait: the rest of the time, or less. */
  within(limitMs?: number): WaitOptions
}

/**
 * The limits of an operation of a test: the given limits, else the default, or the rest of the test's time if that is less.
 */
export function limitsOf({ timeoutMs, signal }: WaitOptions, defaultMs: number) {
  const ambient = resolveCallOptions({})
  return {
    timeoutMs: timeoutMs ?? Math.min(defaultMs, ambient.timeoutMs ?? Infinity),
    signal: signal ?? ambient.signal,
  }
}

/** Makes a deadline that begins now. */
export function createDeadline({ timeoutMs, signal }: WaitOptions & { readonly timeoutMs: number }): Deadline {
  const end = now() + timeoutMs
  const remainingMs = () => Math.max(0, end - now())
  return {
    timeoutMs,
    signal,
    remainingMs,
    within: (limitMs = Infinity) => ({ timeoutMs: Math.ceil(Math.min(limitMs, remainingMs())), signal }),
  }
}

/**
 * Waits for output that may not come.
 *
 * @returns `undefined` if it did not come within the limit
 * @throws HardwareError CONSOLE_TIMEOUT if the deadline has passed
 */
export async function inTime<T>(
  limitMs: number,
  deadline: Deadline,
  wait: (limit: Deadline) => Promise<T>,
): Promise<T | undefined> {
  const timeoutMs = Math.min(limitMs, deadline.remainingMs())
  try {
    return await wait(createDeadline({ timeoutMs, signal: deadline.signal }))
  } catch (error) {
    if (error instanceof HardwareError && error.timedOut && deadline.remainingMs() > 0) return undefined
    throw error
  }
}
