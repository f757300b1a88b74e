import { performance } from 'node:perf_hooks'
import * as timers from 'node:timers'
import * as timersPromises from 'node:timers/promises'

/**
 * The real clock. Its functions are taken when this module loads, so that a test that calls `vi.useFakeTimers()` stops its own
 * timers and not the waits for hardware.
 */

/** The longest time that a timer of Node.js can hold, in milliseconds. A longer one would end at once. */
const longestTimerMs = 2 ** 31 - 1

const { setTimeout, setInterval, clearTimeout, setImmediate, clearImmediate } = timers
const { setTimeout: delay } = timersPromises

/** @returns the milliseconds since this process has started; never goes back */
export const now: () => number = performance.now.bind(performance)

/** @returns the time of the day, in milliseconds since 1970; it can be set, so use {@link now} for durations */
export const wallClock: () => number = Date.now.bind(Date)

/** Calls back after a time, in milliseconds. A time that no timer can hold is cut to 24 days. */
export function startTimer(callback: () => void, ms: number): NodeJS.Timeout {
  return setTimeout(callback, Math.min(ms, longestTimerMs))
}

/** Calls back again and again, each time after a time in milliseconds. */
export function startInterval(callback: () => void, ms: number): NodeJS.Timeout {
  return setInterval(callback, ms)
}

/** Stops a timer of {@link startTimer} or {@link startInterval}. */
export function stopTimer(timer: NodeJS.Timeout | undefined): void {
  clearTimeout(timer)
}

/** Calls back in the next turn of the event loop, after the input that has come. */
export function nextTurn(callback: () => void): NodeJS.Immediate {
  return setImmediate(callback)
}

/** Takes back a call of {@link nextTurn}. */
export function cancelTurn(turn: NodeJS.Immediate | undefined): void {
  clearImmediate(turn)
}

/** Options of {@link sleep}. */
interface SleepOptions {
  readonly signal?: AbortSignal | undefined
  readonly ref: boolean
}

/** Waits for a time, in milliseconds, cut as in {@link startTimer}. @throws AbortError when the signal is aborted */
export async function sleep(ms: number, { signal, ref }: SleepOptions): Promise<void> {
  await delay(Math.min(ms, longestTimerMs), undefined, { ref, ...(signal === undefined ? {} : { signal }) })
}
