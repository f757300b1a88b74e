import { now } from '../base/clock.ts'
import { pollUntil } from '../base/poll.ts'
import { type TimeLimit, timeLimitError } from '../base/time-limit.ts'
import type { WaitOptions } from '../base/wait-options.ts'

/** The time that a call may take longer than the wait of its driver, in milliseconds. */
const gracePeriodMs = 2_000
/** The same for one of several calls that wait for one thing. */
const pieceGracePeriodMs = 5_000
/** The longest wait of one of several calls, in milliseconds. A call that is cancelled may take what comes with it for that long. */
const pieceMs = 500

/** The limits of a call whose driver waits, and the time that it waits. */
interface DriverWait {
  readonly limits: WaitOptions
  readonly seconds: number
}

/** Gives a driver the time of a wait, and its call a little more, so that the driver's own answer arrives. */
export function waitOfDriver(
  { timeoutMs, signal }: WaitOptions & { readonly timeoutMs: number },
  graceMs = gracePeriodMs,
): DriverWait {
  return { limits: { timeoutMs: timeoutMs + graceMs, signal }, seconds: timeoutMs / 1000 }
}

/**
 * Waits for something that a driver receives, in calls of half a second.
 *
 * @param take waits in one call, and returns `undefined` if nothing came
 * @throws HardwareError CALL_TIMEOUT when nothing comes in time
 */
export async function receiveInPieces<T>(
  limit: TimeLimit,
  take: (wait: DriverWait) => Promise<T | undefined>,
): Promise<T> {
  const { name, timeoutMs, signal } = limit
  const until = now() + timeoutMs
  const look = () => {
    const leftMs = Math.max(0, until - now())
    return take(waitOfDriver({ timeoutMs: Math.min(pieceMs, leftMs), signal }, pieceGracePeriodMs))
  }
  // Some drivers do not wait.
  const found = await pollUntil(look, { firstMs: 1, maxMs: 20, timeoutMs, signal, what: name })
  if (found !== undefined) return found
  throw timeLimitError(limit)
}
