import type { Duplex } from 'node:stream'

import { anySignal, onAbort, untilAborted } from '../base/abort.ts'
import { HardwareError } from '../errors.ts'
import type { CallTarget } from '../protocol/channel.ts'
import type { ExporterReport, ExporterState, ExporterStatusName, LogEntry } from '../protocol/exporter.ts'
import type { ClientStreamHandle, ContentEncoding } from '../protocol/resources.ts'
import { dispatchByteStream, dispatchCall, dispatchStreaming, type DispatchTarget } from './dispatch.ts'
import type { Driver } from './driver.ts'
import type { OutputSource } from './session-activity.ts'
import type { Session } from './session.ts'

/** The states in which drivers may be used. */
const readyStatuses: ReadonlySet<ExporterStatusName> = new Set(['LEASE_READY', 'BEFORE_LEASE_HOOK', 'AFTER_LEASE_HOOK'])

/** A method of a driver, as a client names it. */
type SessionTarget = Pick<CallTarget, 'uuid' | 'method'>

/** A driver's byte stream that is open for a client. */
export interface SessionStream {
  readonly stream: Duplex
  /** Gets each chunk that goes to the client, and the end of the stream. */
  readonly output: OutputSource
}

interface RunningCall {
  readonly found: DispatchTarget
  /** Aborted when the client cancels the call or has gone, when its lease ends, and when the session fails. */
  readonly stop: AbortSignal
  /** Aborted when the client's lease ends, and when the session fails. */
  readonly failed: AbortSignal
  readonly end: () => void
}

/**
 * The calls of clients to a session: the exporter's side of `Channel`. The gRPC services only carry them. A call rejects with the
 * driver's error, which the carrier translates.
 *
 * Each `signal` is aborted when the client cancels the call, or has gone.
 */
export class SessionCalls {
  readonly #session: Session

  constructor(session: Session) {
    this.#session = session
  }

  /** The tree of drivers. */
  report(): ExporterReport {
    return this.#session.report()
  }

  /**
   * Calls a method with one answer.
   *
   * @throws HardwareError NOT_READY, METHOD_NOT_FOUND, NOT_IMPLEMENTED, RESULT_INVALID; ValidationError; the driver's errors
   */
  async call(target: SessionTarget, args: readonly unknown[], signal: AbortSignal): Promise<unknown> {
    const { found, stop, failed, end } = this.#begin(target, signal)
    try {
      return await untilAborted(dispatchCall(found, args, stop), failed)
    } finally {
      end()
    }
  }

  /** Calls a method with many answers. Leaving the loop ends the driver's generator. @throws HardwareError as {@link call} */
  async *streamingCall(
    target: SessionTarget,
    args: readonly unknown[],
    signal: AbortSignal,
  ): AsyncGenerator<unknown, void, void> {
    const { found, stop, failed, end } = this.#begin(target, signal)
    try {
      for await (const record of dispatchStreaming(found, args, stop)) {
        failed.throwIfAborted()
        yield record
      }
      failed.throwIfAborted()
    } catch (error) {
      throw failed.aborted ? failed.reason : error
    } finally {
      end()
    }
  }

  /** Opens a driver's byte stream. @throws HardwareError as {@link call} */
  async openStream(target: SessionTarget, signal: AbortSignal): Promise<SessionStream> {
    const found = this.#find(target)
    const stream = await dispatchByteStream(found, signal)
    const stops = this.#ends().map((end) => onAbort(end, () => stream.destroy(end.reason)))
    stream.once('close', () => {
      for (const stopListening of stops) stopListening()
    })
    return { stream, output: this.#session.activity.follow(found.path) }
  }

  /**
   * Keeps a client's stream for a driver that reads or writes a file.
   *
   * @param open makes the stream; it is called only for a driver that exists
   * @returns the handle that the client passes to the driver's method
   * @throws HardwareError NOT_READY, METHOD_NOT_FOUND
   */
  openResource(uuid: string, encoding: ContentEncoding | null, open: () => Duplex): ClientStreamHandle {
    const driver = this.#readyDriver(uuid)
    return this.#session.resources.add(driver.uuid, encoding, open())
  }

  /** The exporter's log: the lines that are kept, then every new one. */
  logs(signal: AbortSignal): AsyncGenerator<LogEntry, void, void> {
    return this.#session.log.read(signal)
  }

  /** The exporter's state. */
  state(): ExporterState {
    return this.#session.state
  }

  /** Ends the lease's session. @returns false if no controller has given the lease */
  endSession(): boolean {
    return this.#session.requestEnd()
  }

  /** Begins a call, which the failure of the session ends, and the end of the client's lease. */
  #begin(target: SessionTarget, client: AbortSignal): RunningCall {
    const found = this.#find(target)
    const end = this.#session.activity.begin(found.path, found.method, client)
    const failure = new AbortController()
    const stops = this.#ends().map((signal) => onAbort(signal, () => failure.abort(signal.reason)))
    return {
      found,
      stop: anySignal(client, failure.signal),
      failed: failure.signal,
      end: () => {
        for (const stopListening of stops) stopListening()
        end()
      },
    }
  }

  /** The signals that end what a client does with the drivers. */
  #ends(): AbortSignal[] {
    const { failed, interrupted } = this.#session
    // The hook after the lease still calls the drivers of a session that has failed.
    return [failed, interrupted].filter(({ aborted }) => !aborted)
  }

  #find({ uuid, method }: SessionTarget): DispatchTarget {
    const driver = this.#readyDriver(uuid)
    return { driver, path: this.#session.pathOf(driver), method }
  }

  #readyDriver(uuid: string): Driver {
    const { failed, state } = this.#session
    const { status } = state
    if (status !== 'AFTER_LEASE_HOOK') failed.throwIfAborted()
    if (!readyStatuses.has(status)) {
      throw new HardwareError('NOT_READY', `Exporter not ready for driver calls (status: ${status})`)
    }
    return this.#session.driver(uuid)
  }
}
