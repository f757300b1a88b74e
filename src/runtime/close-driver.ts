import { type TimeLimit, withTimeLimit } from '../base/time-limit.ts'
import { HardwareError, messageOf } from '../errors.ts'

/** Closes a driver within a limit. @throws HardwareError CLEANUP_FAILED */
export async function closeDriver(limit: TimeLimit, close: () => Promise<void>): Promise<void> {
  try {
    await withTimeLimit(limit, close)
  } catch (cause) {
    const details = isTimeout(cause) ? cause.details : limit.details
    throw new HardwareError('CLEANUP_FAILED', `${limit.name}: ${messageOf(cause)}`, { cause, details })
  }
}

function isTimeout(error: unknown): error is HardwareError {
  return error instanceof HardwareError && error.timedOut
}
