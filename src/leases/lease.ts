import type { WaitOptions } from '../protocol/channel.ts'
import type { Endpoint } from '../protocol/endpoint.ts'

/** The right to use one exporter, until it is released. */
export interface Lease {
  /** Where clients connect. */
  readonly endpoint: Endpoint
  /** The longest that {@link Lease.release} takes, in milliseconds. */
  readonly releaseTimeoutMs: number
  /**
   * Ends the lease; afterwards another can be had. May be called again.
   *
   * @throws HardwareError CLEANUP_FAILED when the exporter could not clean up; the lease is over all the same
   */
  release(): Promise<void>
}

/** An exporter that can be leased, to one at a time. */
export interface LeasableExporter {
  /** Its name in the plugin's options, for messages. */
  readonly name: string
  /** What selectors are matched against; `undefined` where nobody knows, so that any selector may match. */
  readonly labels: Readonly<Record<string, string>> | undefined
  lease(options?: WaitOptions): Promise<Lease>
  /** Releases what is leased and stops it. May be called again. */
  close(): Promise<void>
}
