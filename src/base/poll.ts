import { now } from './clock.ts'
import { pause } from './pause.ts'

/** Options of {@link pollUntil}. All times are in milliseconds. */
export interface PollOptions {
  /** The pause after the first call. Each later pause is twice as long. */
  readonly firstMs: number
  /** The longest pause between two calls. */
  readonly maxMs: number
  /** Stop after this time (default never). */
  readonly timeoutMs?: number | undefined
  /** Ends the wait. */
  readonly signal?: AbortSignal | undefined
  /** The name of the wait in the error when it is cancelled (default `the wait`): `the wait for exporter uno`. */
  readonly what?: string | undefined
}

/**
 * Calls a function again and again until it has an answer. Only for facts that no event announces.
 *
 * @param look returns the answer, or `undefined` to be called again
 * @returns the answer, or `undefined` when the time is up
 * @throws HardwareError the signal's reason, or CALL_CANCELLED; and what `look` throws
 */
export async function pollUntil<T>(
  look: () => T | undefined | Promise<T | undefined>,
  options: PollOptions & { readonly timeoutMs?: undefined },
): Promise<T>
export async function pollUntil<T>(
  look: () => T | undefined | Promise<T | undefined>,
  options: PollOptions,
): Promise<T | undefined>
export async function pollUntil<T>(
  look: () => T | undefined | Promise<T | undefined>,
  { firstMs, maxMs, timeoutMs = Infinity, signal, what }: PollOptions,
): Promise<T | undefined> {
  const deadline = now() + timeoutMs
  for (let pauseMs = firstMs; ; pauseMs = Math.min(2 * pauseMs, maxMs)) {
    const answer = await look()
    if (answer !== undefined) return answer
    const leftMs = deadline - now()
    if (leftMs <= 0) return undefined
    // Timers leave out fractions of a millisecond, so they would come early.
    await pause(Math.min(pauseMs, Math.ceil(leftMs)), { signal, what })
  }
}
