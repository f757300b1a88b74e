import type { Duplex } from 'node:stream'

import type { HardwareError } from '../errors.ts'
import type { ContentEncoding, ResourceHandle } from './resources.ts'

/** Says why a connection was lost, where somebody knows, and soon. */
export type WhenLost = () => Promise<HardwareError | undefined>

/** A limit on one wait. */
export interface WaitOptions {
  /** Ends the wait; what it waited for is cancelled on the other side too. */
  readonly signal?: AbortSignal | undefined
  /** The longest it may take, in milliseconds. */
  readonly timeoutMs?: number | undefined
}

/** One driver of an exporter's tree, as the exporter reports it. */
export interface DriverReport {
  readonly uuid: string
  /** Empty for the root. */
  readonly parentUuid: string | undefined
  readonly labels: Readonly<Record<string, string>>
  readonly description: string | undefined
  readonly methodsDescription: Readonly<Record<string, string>>
}

/** What an exporter says of itself. */
export interface ExporterReport {
  readonly uuid: string
  readonly labels: Readonly<Record<string, string>>
  /** Parents before their children; the first is the root. */
  readonly drivers: readonly DriverReport[]
}

/** The states of an exporter, by their numbers on the wire. */
export const exporterStatuses = [
  'UNSPECIFIED',
  'OFFLINE',
  'AVAILABLE',
  'BEFORE_LEASE_HOOK',
  'LEASE_READY',
  'AFTER_LEASE_HOOK',
  'BEFORE_LEASE_HOOK_FAILED',
  'AFTER_LEASE_HOOK_FAILED',
] as const

/** One of {@link exporterStatuses}. */
export type ExporterStatusName = (typeof exporterStatuses)[number]

/** An exporter's state, and how often it has changed. */
export interface ExporterState {
  readonly status: ExporterStatusName
  readonly message: string | undefined
  /** Grows by one with every change. */
  readonly version: number
  readonly previous: ExporterStatusName | undefined
}

/** Stands in front of a state's message when a hook failed and the lease goes on (reference: Jumpstarter's GetStatus). */
export const hookWarningPrefix = '[HOOK_WARNING] '

/** Severities of log lines, mildest first; Python's names, which its clients look up. */
export const severities = ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'] as const

/** One of {@link severities}. */
export type Severity = (typeof severities)[number]

/** What wrote a log line, by its number on the wire. */
export const logSources = ['UNSPECIFIED', 'DRIVER', 'BEFORE_LEASE_HOOK', 'AFTER_LEASE_HOOK', 'SYSTEM'] as const

/** One line of an exporter's log. */
export interface LogEntry {
  readonly severity: Severity
  readonly message: string
  readonly source: (typeof logSources)[number]
}

/** Which method of which driver. */
export interface CallTarget {
  readonly uuid: string
  /** The method's name on the wire. */
  readonly method: string
  /** How errors name the call, such as `board.power.on`; the wire name where it is not given. */
  readonly label?: string
  /** Whether it may be called again where nobody knows whether it was done. */
  readonly idempotent?: boolean | undefined
}

/** A stream opened for a file that a driver reads or writes. */
export interface OpenResource {
  readonly stream: Duplex
  /** What to pass to the driver's method. */
  readonly handle: ResourceHandle
}

/**
 * The one seam between clients and exporters: everything above it is the same whatever carries the bytes.
 *
 * Every method rejects with a `HardwareError`, and every wait ends with the `signal` or the time limit it is given.
 */
export interface Channel {
  /** Where it leads, for error messages. */
  readonly address: string
  report(options?: WaitOptions): Promise<ExporterReport>
  call(target: CallTarget, args: readonly unknown[], options?: WaitOptions): Promise<unknown>
  /** The records of a streaming method. Leaving the loop cancels the call. */
  streamingCall(
    target: CallTarget,
    args: readonly unknown[],
    options?: WaitOptions,
  ): AsyncGenerator<unknown, void, void>
  /** Opens a driver's byte stream; the limits apply to the opening. */
  openStream(target: CallTarget, options?: WaitOptions): Promise<Duplex>
  /** Opens a stream for a file; the limits apply to the opening. The label is how errors name it. */
  openResource(
    uuid: string,
    encoding: ContentEncoding | null,
    options?: WaitOptions & { readonly label?: string },
  ): Promise<OpenResource>
  /** The exporter's log from now on, after what it kept from before. Read it once for each connection. */
  logs(options?: WaitOptions): AsyncGenerator<LogEntry, void, void>
  /** The exporter's state; `undefined` from exporters that do not know the question (before 0.8.1). */
  state(options?: WaitOptions): Promise<ExporterState | undefined>
  /**
   * Ends the lease's session on the exporter, whose hook after the lease then runs.
   *
   * @returns false where there is none, or an older exporter that does not know of it
   */
  endSession(options?: WaitOptions): Promise<boolean>
  /**
   * Closes the connection at once, with every call and stream on it. May be called again.
   *
   * @param reason what calls fail with, where there is something to say
   */
  close(reason?: HardwareError): void
}
