import type { HardwareError } from '../errors.ts'
import type { ReserveWait } from './lease.ts'

/** The facts of a {@link LeaseEvent}. */
type LeaseFact =
  /** The exporter, or a hook of it, has printed a line. */
  | { readonly type: 'exporterOutput'; readonly line: string }
  /** The exporter's file has something that its author should know. */
  | { readonly type: 'exporterWarning'; readonly message: string }
  /** The exporter cannot be reserved yet. */
  | { readonly type: 'reserveWait'; readonly wait: ReserveWait }
  /** The exporter runs a hook before its drivers may be used. */
  | { readonly type: 'hookWait'; readonly hook: 'beforeLease' }
  /** A hook has failed; the exporter stays in use. */
  | { readonly type: 'hookFailed'; readonly hook: 'afterLease'; readonly message: string | undefined }
  /** The leased exporter cannot be reached, so that another one is leased. */
  | { readonly type: 'leaseRetried'; readonly error: HardwareError }
  /** A lease could not be extended or read; the call is tried again. */
  | { readonly type: 'renewalFailed'; readonly lease: string; readonly error: HardwareError }
  /** A connection to the exporter, through the controller's router, has failed. */
  | { readonly type: 'tunnelFailed'; readonly lease: string; readonly error: HardwareError }
  /** A tunnel, or the lease's extension, that has failed works again. */
  | {
      readonly type: 'recovered'
      readonly lease: string
      readonly work: 'tunnel' | 'renewal'
      readonly failures: number
    }
  /** The controller did not end a lease, which ends by itself soon. */
  | { readonly type: 'leaseNotReturned'; readonly lease: string; readonly error: HardwareError }
  /** Something could not be cleaned up. */
  | { readonly type: 'cleanupFailed'; readonly error: Error }

/** An event of an exporter, or of the lease of one, that people who watch a run want to know. */
export type LeaseEvent = LeaseFact & {
  /** The name that messages give the exporter; before the exporter is known, what was asked for. */
  readonly exporter: string
}
