import type { Duplex } from 'node:stream'

import type { WaitOptions } from '../base/wait-options.ts'
import type { HardwareError } from '../errors.ts'
import type { Peer } from './call-error.ts'
import type { ExporterReport, ExporterState, LogEntry } from './exporter.ts'
import type { ContentEncoding, ResourceHandle } from './resources.ts'

/** Finds out why a connection was lost. Answers soon, with `undefined` if the reason is not known. */
export type WhenLost = () => Promise<HardwareError | undefined>

/** A method of a driver. */
export interface CallTarget {
  readonly uuid: string
  /** The method's name on the wire. */
  readonly method: string
  /** The name of the call in errors: `board.power.on` (default the method's name on the wire). */
  readonly label?: string | undefined
  /** The driver's place in the tree, for the facts of errors: `board.power`. */
  readonly driver?: string | undefined
  /** The call may be repeated if its answer was lost. */
  readonly idempotent?: boolean | undefined
}

/** A stream opened for a file that a driver reads or writes. */
export interface OpenResource {
  readonly stream: Duplex
  /** The argument for the driver's method. */
  readonly handle: ResourceHandle
}

/**
 * The one seam between clients and exporters. Everything above it is the same for every transport.
 *
 * Every method rejects with a `HardwareError`, and every wait ends with its `signal` or its time limit.
 */
export interface Channel extends Peer {
  /** @param options.label the name of the request in errors (default `GetReport`); empty for a request inside another call */
  report(options?: WaitOptions & { readonly label?: string | undefined }): Promise<ExporterReport>
  call(target: CallTarget, args: readonly unknown[], options?: WaitOptions): Promise<unknown>
  /** Calls a streaming method. Leaving the loop cancels the call. */
  streamingCall(
    target: CallTarget,
    args: readonly unknown[],
    options?: WaitOptions,
  ): AsyncGenerator<unknown, void, void>
  /** Opens a driver's byte stream; the limits apply to the opening. */
  openStream(target: CallTarget, options?: WaitOptions): Promise<Duplex>
  /** Opens a stream for a file; the limits apply to the opening. @param options.label the name of the stream in errors */
  openResource(
    uuid: string,
    encoding: ContentEncoding | null,
    options?: WaitOptions & { readonly label?: string | undefined },
  ): Promise<OpenResource>
  /** Reads the exporter's log: the lines that it has kept, then the new ones. Read it once for each connection. */
  logs(options?: WaitOptions): AsyncGenerator<LogEntry, void, void>
  /** Asks for the exporter's state; `undefined` from exporters that do not know the question (Jumpstarter before 0.8.1). */
  state(options?: WaitOptions): Promise<ExporterState | undefined>
  /**
   * Ends the lease's session on the exporter, whose hook after the lease then runs.
   *
   * @returns false if there is no session, or if the exporter is too old for the question
   */
  endSession(options?: WaitOptions): Promise<boolean>
  /**
   * Closes the connection at once, with every call and stream on it. May be called again.
   *
   * @param reason the error of those calls, if there is more to say than that the connection is closed
   */
  close(reason?: HardwareError): void
}

/** Makes a channel, which connects on its first call. */
export type ConnectChannel = () => Channel

/** Makes a channel around one or several others, to add something: reconnecting, recording. */
export type ChannelWrapper = (connect: ConnectChannel) => Channel
