import { isRetryable } from '../../protocol/controller/controller-error.ts'

/** The limit of one call about a lease or its exporter, in milliseconds. */
export const leaseCallTimeoutMs = 10_000

/**
 * The polls of a controller, which has no call that waits: the pause after the first one, and the longest pause, in
 * milliseconds. Each pause is twice as long as the one before.
 */
export const controllerPoll = { firstMs: 25, maxMs: 1_000 } as const

/** The retries of a call while the controller restarts: the first and the longest pause, in milliseconds. */
export const controllerRetry = { firstWaitMs: 500, maxWaitMs: 2_000, isRetryable } as const
