import { isRetryable, refusalAfterStartMs } from '../../protocol/controller/controller-error.ts'

/** The longest time that an exporter takes to tell a controller that something has ended, in milliseconds. */
export const endReportTimeoutMs = 5_000

/** The retries of a registration, in milliseconds: an exporter waits for a controller that is starting, but not for ever. */
export const registrationRetry = {
  firstWaitMs: 500,
  maxWaitMs: 5_000,
  timeoutMs: 6 * refusalAfterStartMs,
  isRetryable,
} as const

/** The retries of a release. A controller that they do not reach ends the lease by itself when its time is over. */
export const releaseRetry = { ...registrationRetry, timeoutMs: endReportTimeoutMs } as const
