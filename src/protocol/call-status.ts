import type { Metadata } from '@grpc/grpc-js'

import { HardwareError } from '../errors.ts'

/** The status of a failed gRPC call. */
export interface StatusLike {
  readonly code: number
  readonly details: string
  readonly metadata?: Metadata
  /** The system's code when no connection could be made: `ENOENT`. gRPC has it only in its text. */
  readonly systemCode?: string | undefined
}

/**
 * Codes of gRPC's statuses (gRPC, "Status codes and their use"), for what Vitest's main process loads: grpc-js, which has them, too,
 * would make each run start later.
 */
export const statusCodes = { RESOURCE_EXHAUSTED: 8, FAILED_PRECONDITION: 9, UNAVAILABLE: 14 } as const

/** The status of the gRPC call that an error was made from; empty if there was none. */
export function statusOfError(error: unknown): Partial<StatusLike> {
  const cause = error instanceof HardwareError ? error.cause : undefined
  return typeof cause === 'object' && cause !== null ? cause : {}
}
