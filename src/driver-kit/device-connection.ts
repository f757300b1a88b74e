import { setImmediate as nextTurn } from 'node:timers/promises'

import { anySignal } from '../base/abort.ts'
import { Mutex } from '../base/mutex.ts'
import { withTimeLimit } from '../base/time-limit.ts'
import { type ErrorOrigin, HardwareError, messageOf } from '../errors.ts'

/** Options of {@link DeviceConnection}. */
export interface DeviceConnectionOptions<T> {
  /** The name of the device in errors: `the relay at 10.0.0.5:502`. */
  readonly name: string
  /**
   * Opens the connection. Its failures are of the origin `lab`, unless they have another one than `board`.
   *
   * @param ended to be called when the connection has ended by itself, with the reason if there is one
   * @param signal is aborted when the time for opening is over, or the caller has gone
   */
  open(ended: (reason?: unknown) => void, signal: AbortSignal): Promise<T>
  /** Closes a connection that {@link open} has made, also one that has ended by itself. */
  close(device: T): void | Promise<void>
  /** The longest that opening may take, in milliseconds (default 10 000). */
  readonly openTimeoutMs?: number | undefined
  /** The longest that a use may take, in milliseconds (default 10 000). */
  readonly timeoutMs?: number | undefined
  /** The party that has to act when a use is late (default `board`). */
  readonly lateOrigin?: ErrorOrigin | undefined
  /** The longest that closing may take, in milliseconds (default 2 000). */
  readonly closeTimeoutMs?: number | undefined
}

/** An open connection. */
interface Opened<T> {
  readonly device: T
  /** Is rejected when the connection ends by itself. */
  readonly lost: Promise<never>
}

/**
 * A connection to a device that answers one question at a time: an instrument, a relay board, a daemon. It is opened on first use,
 * stays open between uses, and comes back by itself: a connection that has ended, or that a use has left in an unknown state, is
 * opened anew by the next use.
 *
 * @example
 * ```ts
 * readonly #meter = new DeviceConnection({ name: 'the meter', open: openMeter, close: (meter) => meter.close() })
 * measure() {
 *   return this.#meter.use((meter) => meter.ask('MEAS:VOLT?'), { signal: callSignal() })
 * }
 * override close() { return this.#meter.close() }
 * ```
 */
export class DeviceConnection<T> {
  readonly #options: DeviceConnectionOptions<T>
  readonly #mutex = new Mutex()
  readonly #closing = new AbortController()
  #opened: Opened<T> | undefined

  constructor(options: DeviceConnectionOptions<T>) {
    this.#options = options
  }

  /**
   * Runs a function with the device, when all earlier uses have ended. A function that fails, or that is cancelled or late, leaves
   * the connection in an unknown state, so that it is closed: throw errors about a complete answer after the use.
   *
   * @throws HardwareError DEVICE_IO with origin `lab` when the device cannot be reached or the connection ends; CALL_TIMEOUT with
   *   the name of the device; the error of the function; the signal's reason
   */
  use<R>(run: (device: T) => Promise<R>, { signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<R> {
    const { name, timeoutMs = 10_000, lateOrigin: origin } = this.#options
    const ended = anySignal(this.#closing.signal, signal)
    return this.#mutex.run(
      async () => {
        this.#closing.signal.throwIfAborted()
        // The end of a kept connection may have come to this process, and not yet to its event loop.
        if (this.#opened !== undefined) for (let turn = 0; turn < 2; turn++) await nextTurn()
        const { device, lost } = (this.#opened ??= await this.#open(ended))
        try {
          const limit = { name: `a call of ${name}`, timeoutMs, signal: ended, origin }
          return await withTimeLimit(limit, () => Promise.race([run(device), lost]))
        } catch (error) {
          await this.#drop()
          throw error instanceof HardwareError || ended.aborted ? error : this.#error('Cannot talk to', error)
        }
      },
      { signal: ended },
    )
  }

  /** Ends the use under way, and closes the connection. It cannot be used again. */
  async close(): Promise<void> {
    const { name } = this.#options
    this.#closing.abort(new HardwareError('DEVICE_IO', `The connection to ${name} has been closed`, { origin: 'lab' }))
    await this.#mutex.run(() => this.#drop())
  }

  async #open(signal: AbortSignal): Promise<Opened<T>> {
    const { name, openTimeoutMs = 10_000 } = this.#options
    const { promise: lost, reject } = Promise.withResolvers<never>()
    // Nobody may be waiting when the connection ends.
    lost.catch(() => undefined)
    const ended = (reason?: unknown) => {
      reject(this.#error('Lost', reason ?? 'the other side has closed the connection'))
      if (this.#opened?.lost === lost) void this.#drop()
    }
    const tooLate = new AbortController()
    const opening = this.#options.open(ended, AbortSignal.any([signal, tooLate.signal]))
    try {
      const limit = {
        name: `opening the connection to ${name}`,
        timeoutMs: openTimeoutMs,
        signal,
        origin: 'lab',
      } as const
      return { device: await withTimeLimit(limit, () => Promise.race([opening, lost])), lost }
    } catch (error) {
      tooLate.abort(error)
      // It may be open all the same, later.
      void opening.then((device) => this.#options.close(device)).catch(() => undefined)
      // A board is not to blame for an instrument that cannot be reached.
      const isExplained = error instanceof HardwareError && error.origin !== 'board'
      throw isExplained || signal.aborted ? error : this.#error('Cannot reach', error)
    }
  }

  async #drop(): Promise<void> {
    const opened = this.#opened
    if (opened === undefined) return
    this.#opened = undefined
    const { name, closeTimeoutMs = 2_000 } = this.#options
    // The connection is of no use any more, whatever its close says.
    const limit = { name: `closing the connection to ${name}`, timeoutMs: closeTimeoutMs }
    await withTimeLimit(limit, async () => this.#options.close(opened.device)).catch(() => undefined)
  }

  #error(what: string, cause: unknown): HardwareError {
    return new HardwareError('DEVICE_IO', `${what} ${this.#options.name}: ${messageOf(cause)}`, {
      cause,
      origin: 'lab',
    })
  }
}
