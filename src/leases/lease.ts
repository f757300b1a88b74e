import type { ExporterActivity } from '../protocol/activity.ts'
import type { WaitOptions } from '../protocol/channel.ts'
import type { Endpoint } from '../protocol/endpoint.ts'
import type { LockOwner } from './machine-lock-claim.ts'

/** The right to use one exporter, until it is released. */
export interface Lease {
  /** Where clients connect. */
  readonly endpoint: Endpoint
  /** The longest that {@link Lease.release} takes, in milliseconds. */
  readonly releaseTimeoutMs: number
  /** Aborted when the exporter has gone before the lease was released; the reason is a HardwareError that says why. */
  readonly lost: AbortSignal
  /** What clients last did, where the exporter can tell; for when they have died. */
  activity(): Promise<ExporterActivity | undefined>
  /**
   * Ends the lease; afterwards another can be had. May be called again.
   *
   * @throws HardwareError CLEANUP_FAILED when the exporter could not clean up; the lease is over all the same
   */
  release(): Promise<void>
}

/** What {@link LeasableExporter.reserve} takes. */
export interface ReserveOptions {
  /** Ends the wait. */
  readonly signal?: AbortSignal
  /** The test file it is for, where it is for one. */
  readonly file?: string
  /** Is told who uses it, whenever that is another process. */
  readonly waiting?: (holder: LockOwner) => void
  /** Is told why a controller has none yet, and who has them, whenever that changes. */
  readonly pending?: (why: string) => void
  /** Whether others are held, or waited for, at the same time, which is not to last for ever. */
  readonly isOneOfSeveral?: boolean
}

/** An exporter that can be leased, to one at a time. */
export interface LeasableExporter {
  /** Its name in the plugin's options, for messages. */
  readonly name: string
  /** What selectors are matched against; `undefined` where nobody knows, so that any selector may match. */
  readonly labels: Readonly<Record<string, string>> | undefined
  /** What a controller is asked for, as long as nobody knows what it will give; other selectors do not match then. */
  readonly selector?: string
  /** Whether it is a process that this one has started. */
  readonly local: boolean
  /** Who reserves several does so in the order of these, so that no two wait for each other. */
  readonly order: string
  /** Waits until no other process uses it, and keeps others away until {@link LeasableExporter.free}. */
  reserve(options?: ReserveOptions): Promise<void>
  free(): Promise<void>
  /** Only while it is reserved. */
  lease(options?: WaitOptions): Promise<Lease>
  /** Releases what is leased and stops it. May be called again. */
  close(): Promise<void>
}
