import { type ErrorCode, messageOf } from '../errors.ts'
import type { PrivateFolder } from '../base/private-folder.ts'
import type { RunEvent } from '../leases/run-event.ts'
import type { ExporterSlot } from './exporter-slot.ts'
import type { LeaseRequest } from './messages.ts'
import type { ExporterFailure } from './missing-exporters.ts'

/** The broker, as its pools see it. */
export interface PoolContext {
  /** The folder of the run's sockets. It is removed when the run is killed. */
  readonly folder: Promise<PrivateFolder>
  /** Receives the events of the exporters. */
  readonly emit: (event: RunEvent) => void
  /** The time for which exporters that no file uses are kept from other processes, in milliseconds. */
  readonly idleTimeoutMs: number | undefined
  /** Called when an exporter has started, or has failed to start. */
  readonly changed: () => void
}

/** A source of exporters for the test files of a run. */
export interface ExporterPool {
  /** The slots that files may get now. */
  readonly slots: readonly ExporterSlot[]
  /** The exporters that did not start, or were removed. */
  readonly failures: readonly ExporterFailure[]
  /** True if no exporter of the pool is still starting. */
  readonly settled: boolean
  /** Starts the exporters in the background. The broker calls it once. */
  open(context: PoolContext): void
  /** Makes a slot for a role that none of the slots fits; `undefined` if the pool has no other exporters. */
  slotFor(selector: string): ExporterSlot | undefined
  /** True if the exporter has to be freed and leased anew for this file, because a test of the file failed on it. */
  renewsFor(slot: ExporterSlot, request: LeaseRequest): boolean
  /**
   * The longest wait for an exporter, in milliseconds, after which the file gives its other exporters back; `undefined` for no
   * limit.
   *
   * @param partOfGroup true if the file needs several exporters
   */
  maxWaitMs(partOfGroup: boolean): number | undefined
  /** True if neither another try nor another exporter helps after this error of a reservation, or of the start of a session. */
  isFinal(code: ErrorCode): boolean
  /** Records that a slot could not be leased, and may be tried again. */
  leaseFailed(slot: ExporterSlot, reason: string): void
  /** Records that an exporter failed during a lease, or could not be cleaned up. */
  exporterFailed(slot: ExporterSlot, reason: string): void
  /**
   * Frees a slot after a lease, or keeps it for the next file.
   *
   * @param isWanted true if other processes may be waiting for an exporter
   */
  giveBack(slot: ExporterSlot, isWanted: boolean): Promise<void>
  /** Stops the exporters and ends the leases. @returns the problems of the clean-up */
  close(): Promise<readonly string[]>
}

/** Runs clean-ups at the same time. @returns the messages of those that failed */
export async function collectProblems(cleanups: readonly Promise<void>[]): Promise<readonly string[]> {
  const results = await Promise.allSettled(cleanups)
  return results.flatMap((result) => (result.status === 'rejected' ? messageOf(result.reason) : []))
}
