import type { WaitOptions } from '../base/wait-options.ts'
import type { HardwareError } from '../errors.ts'
import type { ExporterActivity } from '../protocol/activity.ts'
import type { Endpoint } from '../protocol/endpoint.ts'
import type { LockOwner } from './machine-lock/claim.ts'

/**
 * The time for which clients try to reach an exporter again whose connection has broken, in milliseconds. It is short, because the
 * exporter is on this machine, or on one that the network reaches without tunnels: it is there at once, or it has ended.
 */
export const directReconnectMs = 2_000

/** The right to use one exporter, until it is released. */
export interface Lease {
  /** The place that clients connect to. */
  readonly endpoint: Endpoint
  /** The longest time that {@link Lease.release} takes, in milliseconds. */
  readonly releaseTimeoutMs: number
  /** Aborted when the exporter ends or its session fails before the lease is released. The reason is a HardwareError with the cause. */
  readonly lost: AbortSignal
  /** @returns the last actions of the clients, for a report of a worker that has died; `undefined` if the exporter cannot tell */
  activity(): Promise<ExporterActivity | undefined>
  /**
   * Ends the lease. A later lease of the same exporter is possible. May be called again.
   *
   * @throws HardwareError CLEANUP_FAILED when the exporter could not clean up; the lease has ended nevertheless
   */
  release(): Promise<void>
}

/** A view of a lease that somebody else releases: {@link Lease.release} does nothing. */
export function withoutRelease(lease: Lease): Lease {
  const { endpoint, releaseTimeoutMs, lost } = lease
  return { endpoint, releaseTimeoutMs, lost, activity: () => lease.activity(), release: async () => undefined }
}

/** Another client's lease of an exporter. */
export interface LeaseHolder {
  readonly exporter: string
  readonly client: string
  /** The end of that lease, unless it is extended; missing if it has no beginning yet. */
  readonly until?: Date | undefined
}

/** A process that uses an exporter, of this machine unless it has a host. A client that takes no lease has no process id. */
export interface ExporterUser extends Omit<LockOwner, 'pid'> {
  readonly pid?: number | undefined
  readonly host?: string | undefined
}

/** The reason why an exporter cannot be reserved yet. */
export type ReserveWait =
  /** Another process uses the exporter. */
  | { readonly type: 'process'; readonly process: ExporterUser }
  /** A controller has no free exporter. The reason is the controller's text, the holders are other clients. */
  | { readonly type: 'controller'; readonly reason: string; readonly holders: readonly LeaseHolder[] }
  /** A call to the controller has failed, and is tried again. */
  | { readonly type: 'failure'; readonly error: HardwareError }

/** Options of {@link LeasableExporter.reserve}. */
export interface ReserveOptions {
  /** Ends the wait. */
  readonly signal?: AbortSignal | undefined
  /** The path of the test file that needs the exporter. Other processes and the controller see it. */
  readonly file?: string | undefined
  /** The longest wait for others that use the exporter, in milliseconds (default: the longest that the lease source allows). */
  readonly maxWaitMs?: number | undefined
  /** Receives the reason of the wait, each time that it changes. */
  readonly waiting?: ((wait: ReserveWait) => void) | undefined
}

/** An exporter that can be leased, to one client at a time. */
export interface LeasableExporter {
  /** The name in the plugin's options, for messages. */
  readonly name: string
  /** The labels that selectors are matched against; `undefined` if they are unknown, so that any selector may match. */
  readonly labels: Readonly<Record<string, string>> | undefined
  /** The selector that a controller gets, as long as its exporter is unknown; other selectors do not match then. */
  readonly selector?: string
  /** True if this process has started the exporter's process. */
  readonly local: boolean
  /** The sort key. Several exporters are reserved in the order of their keys, which prevents deadlocks. */
  readonly order: string
  /**
   * Waits until no other process uses the exporter, and keeps other processes away until {@link LeasableExporter.free}.
   *
   * @throws HardwareError LEASE_TIMEOUT after `maxWaitMs`
   */
  reserve(options?: ReserveOptions): Promise<void>
  /** Lets other processes use the exporter. */
  free(): Promise<void>
  /** Leases the exporter. It must be reserved. */
  lease(options?: WaitOptions): Promise<Lease>
  /** Releases the lease and stops the exporter. May be called again. */
  close(): Promise<void>
}
