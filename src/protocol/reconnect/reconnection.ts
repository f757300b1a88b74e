import { anySignal, onAbort, untilAborted } from '../../base/abort.ts'
import { startTimer, stopTimer } from '../../base/clock.ts'
import { retry } from '../../base/retry.ts'
import type { WaitOptions } from '../../base/wait-options.ts'
import { type ErrorOrigin, HardwareError, isConnectionError, messageOf } from '../../errors.ts'
import { callError, callErrorBecause, type CallName, cancelledCallError } from '../call-error.ts'
import type { Channel, ConnectChannel, WhenLost } from '../channel.ts'
import type { ExporterReport } from '../exporter.ts'
import { statusOfError } from '../call-status.ts'

/** The first and the longest wait between two tries, in milliseconds. */
const firstWaitMs = 100
const maxWaitMs = 1_000
/** The time limit of one try, in milliseconds: nothing reports a tunnel that leads nowhere. */
const answerTimeoutMs = 5_000
/**
 * The time between two questions to an exporter that something waits for, in milliseconds, as in Jumpstarter's shell: a router
 * does not report that it has gone before something is sent to it.
 */
const heartbeatMs = 5_000
/** The time without an answer after which the exporter counts as gone, in milliseconds. */
const silenceMs = 30_000

/** Options of {@link Reconnection}. */
export interface ReconnectionOptions {
  /** The longest time to try to reconnect, in milliseconds. */
  readonly timeoutMs: number
  /**
   * Tunnels through a router lead to the exporter (default false). They may be down at the beginning, too, and do not report
   * that the exporter has gone, so that waits ask for its state.
   */
  readonly tunnels?: boolean | undefined
  /** Finds out why the session cannot be reached any more. */
  readonly whenLost?: WhenLost | undefined
}

/** Reaches the session of an exporter again when the connection has broken. */
export class Reconnection {
  readonly #connect: ConnectChannel
  readonly #options: ReconnectionOptions
  readonly #closed = new AbortController()
  #channel: Channel
  /** The root driver's uuid. It identifies the session, because exporters make new drivers for each session. */
  #session: string | undefined
  #reconnecting: Promise<void> | undefined
  /** The number of requests and streams that wait for the exporter. */
  #users = 0
  #heartbeat: NodeJS.Timeout | undefined

  /** @param connect makes a channel, which connects on first use */
  constructor(connect: ConnectChannel, options: ReconnectionOptions) {
    this.#connect = connect
    this.#options = options
    this.#channel = connect()
  }

  /** The channel that leads to the session now. */
  get channel(): Channel {
    return this.#channel
  }

  /** True if a call failed because the connection broke or could not be made, and it may come back. */
  isReconnectable(error: unknown): error is HardwareError {
    return !this.#closed.signal.aborted && isConnectionError(error) && error.origin === 'wire'
  }

  /** Notes the session of the first report. Later reports do not change it. */
  noteSession({ drivers: [root] }: ExporterReport): void {
    this.#session ??= root?.uuid
  }

  /** Asks an exporter behind tunnels regularly if it is still there. @returns a function that stops this; may be called again */
  keepAlive(): () => void {
    if (this.#options.tunnels !== true) return () => undefined
    this.#users++
    this.#beatLater()
    let isOver = false
    return () => {
      if (isOver) return
      isOver = true
      if (--this.#users === 0) stopTimer(this.#heartbeat)
    }
  }

  /**
   * Waits until the session is reached again.
   *
   * @param call the call that waits, for errors
   * @param failure the error with which the connection broke
   * @throws HardwareError EXPORTER_FAILED, or CONNECTION_LOST (origin `lab` behind tunnels), if the session is gone; CALL_TIMEOUT and
   *   CALL_CANCELLED if the limits of the call end the wait; the reason why the lease was lost, if it is known; the failure
   *   itself if the exporter was never reached, and is not behind tunnels
   */
  async reconnect(call: CallName, failure: Error, { signal, timeoutMs }: WaitOptions): Promise<void> {
    this.#reconnecting ??= this.#tryUntilReached(failure).finally(() => (this.#reconnecting = undefined))
    const reconnected = this.#reconnecting.catch((error: unknown) => {
      if (error === failure || !(error instanceof HardwareError)) throw error
      throw callErrorBecause(call, error, error.cause ?? failure)
    })
    const limit = new AbortController()
    const timer = timeoutMs === undefined ? undefined : startTimer(() => limit.abort(), timeoutMs)
    const lost = `the connection to ${this.#channel.address} was lost`
    try {
      await untilAborted(reconnected, anySignal(limit.signal, signal))
    } catch (error) {
      if (error === limit.signal.reason) {
        const details = { ...this.#channel.details, limitMs: timeoutMs }
        const text = `${lost}, and not there again in the time of the call`
        throw callError('CALL_TIMEOUT', call, text, { origin: this.#origin, details })
      }
      if (signal?.aborted === true && error === signal.reason) {
        throw cancelledCallError(call, this.#channel, signal, `cancelled while ${lost}`)
      }
      throw error
    } finally {
      stopTimer(timer)
    }
  }

  close(reason?: HardwareError): void {
    const { address, details } = this.#channel
    const closed = new HardwareError('CONNECTION_LOST', `the connection to ${address} is closed`, { details })
    this.#closed.abort(reason ?? closed)
    stopTimer(this.#heartbeat)
    this.#channel.close(reason)
  }

  /** Tunnels lead through the lab's router. Without them the link itself is cut. */
  get #origin(): ErrorOrigin {
    return this.#options.tunnels === true ? 'lab' : 'wire'
  }

  async #tryUntilReached(failure: Error): Promise<void> {
    const { timeoutMs, tunnels } = this.#options
    const { signal } = this.#closed
    if (this.#session === undefined && tunnels !== true) {
      const reason = await this.#reason()
      throw signal.aborted ? signal.reason : (reason ?? failure)
    }
    const isRetryable = (error: unknown) => !isGone(error) && (this.isReconnectable(error) || isTimeout(error))
    let isFirst = true
    const reach = () => {
      // The connection may be whole, or there again: other calls that are under way on it must not be cut off.
      if (!isFirst) this.#renew()
      isFirst = false
      return this.#reach()
    }
    try {
      await retry(reach, { firstWaitMs, maxWaitMs, timeoutMs, isRetryable, signal })
    } catch (error) {
      const reason = isConnectionError(error) || isTimeout(error) ? await this.#reason() : undefined
      if (signal.aborted) throw signal.reason
      if (reason !== undefined) throw reason
      const { address, details } = this.#channel
      if (isGone(error)) {
        throw new HardwareError('LEASE_LOST', `${address}: the lease is over`, { cause: error, details })
      }
      if (!isRetryable(error)) throw error
      const message = `${address} could not be reached again within ${timeoutMs} ms: ${messageOf(error)}`
      const facts = { ...details, limitMs: timeoutMs }
      throw new HardwareError('CONNECTION_LOST', message, { cause: error, origin: this.#origin, details: facts })
    }
  }

  /** @returns the reason why the session is gone, if it is known soon, or the channel is closed meanwhile */
  #reason(): Promise<HardwareError | undefined> {
    const { promise: closed, resolve } = Promise.withResolvers<undefined>()
    const stopListening = onAbort(this.#closed.signal, () => resolve(undefined))
    return Promise.race([this.#options.whenLost?.(), closed]).finally(stopListening)
  }

  /** Takes a new channel, because gRPC's own channel waits longer between its tries. */
  #renew(): void {
    this.#channel.close()
    this.#channel = this.#connect()
  }

  async #reach(): Promise<void> {
    // The error names the call that waits, and not this request.
    const timeoutMs = Math.min(answerTimeoutMs, this.#options.timeoutMs)
    const report = await this.#channel.report({ label: '', timeoutMs, signal: this.#closed.signal })
    this.noteSession(report)
    if (report.drivers[0]?.uuid === this.#session) return
    const { address, details } = this.#channel
    const message = `${address} has been restarted while it was leased; what its drivers knew is lost`
    throw new HardwareError('EXPORTER_FAILED', message, { details })
  }

  #beatLater(): void {
    stopTimer(this.#heartbeat)
    if (this.#users > 0) this.#heartbeat = startTimer(() => void this.#beat(), heartbeatMs)
  }

  async #beat(): Promise<void> {
    const channel = this.#channel
    try {
      await channel.state({ timeoutMs: silenceMs, signal: this.#closed.signal })
    } catch (error) {
      // A broken connection fails its callers by itself; a silent one has to be closed.
      if (isTimeout(error)) {
        const message = `${channel.address} has not answered for ${silenceMs} ms`
        const details = { ...channel.details, limitMs: silenceMs }
        channel.close(new HardwareError('CONNECTION_LOST', message, { details }))
      }
    }
    this.#beatLater()
  }
}

/** True if the socket that led to the exporter does not exist any more. */
function isGone(error: unknown): boolean {
  return statusOfError(error).systemCode === 'ENOENT'
}

function isTimeout(error: unknown): boolean {
  return error instanceof HardwareError && error.timedOut
}
