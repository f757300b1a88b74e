import { HardwareError, isConnectionError, messageOf } from '../errors.ts'
import type { Channel, ExporterReport, WaitOptions } from './channel.ts'
import { tryAgain } from './try-again.ts'
import { whenAborted } from './when-aborted.ts'

/** How long is waited before another try, in milliseconds: at first, and at the most. */
const firstWaitMs = 100
const maxWaitMs = 1_000
/** How long one answer may take while it is tried, in milliseconds: nobody says when a tunnel leads nowhere. */
const answerTimeoutMs = 5_000
/**
 * How often an exporter that something is waited for is asked whether it is there, in milliseconds (reference: Jumpstarter's
 * shell asks as often): a router does not say that it has gone before something is sent to it. And how long it may be silent.
 */
const heartbeatMs = 5_000
const silenceMs = 30_000

/** Reaches the session of an exporter again when the connection to it has broken. */
export class Redial {
  readonly #connect: () => Channel
  readonly #timeoutMs: number
  #channel: Channel
  /** Which session it is: exporters make their drivers anew for each. */
  #session: string | undefined
  #redialling: Promise<void> | undefined
  readonly #closed = new AbortController()
  /** How much is under way. */
  #users = 0
  #heartbeat: NodeJS.Timeout | undefined

  /**
   * @param connect makes a channel, which connects on first use
   * @param timeoutMs for how long it is tried
   */
  constructor(connect: () => Channel, timeoutMs: number) {
    this.#connect = connect
    this.#timeoutMs = timeoutMs
    this.#channel = connect()
  }

  /** The channel that leads to the session now. */
  get channel(): Channel {
    return this.#channel
  }

  /** Whether a call failed because the connection broke, or was not there, and nobody knows that it is gone for good. */
  mayHelp(error: unknown): error is HardwareError {
    return !this.#closed.signal.aborted && isConnectionError(error) && error.origin === 'wire'
  }

  /** Notes which session it is, the first time. */
  reached({ drivers: [root] }: ExporterReport): void {
    this.#session ??= root?.uuid
  }

  /** Something waits for the exporter from now on. @returns what says that it does no more; may be called again */
  watch(): () => void {
    this.#users++
    this.#beatLater()
    let isOver = false
    return () => {
      if (isOver) return
      isOver = true
      if (--this.#users === 0) clearTimeout(this.#heartbeat)
    }
  }

  /**
   * Waits until the session is reached again.
   *
   * @param label of the call that waits, for errors
   * @throws HardwareError CONNECTION_LOST or EXPORTER_FAILED, of origin `lab`, when that is not to be; CALL_TIMEOUT and
   *   CALL_CANCELLED when the caller does not wait that long; why the lease is lost, where somebody knows
   */
  async again(label: string, { signal, timeoutMs }: WaitOptions): Promise<void> {
    this.#redialling ??= this.#redial().finally(() => (this.#redialling = undefined))
    const { promise, reject } = Promise.withResolvers<never>()
    const limit = (code: 'CALL_TIMEOUT' | 'CALL_CANCELLED', why: string, cause?: unknown) => {
      const message = `${label}: the connection to ${this.#channel.address} was lost, and not there again ${why}`
      reject(new HardwareError(code, message, { cause, ...(code === 'CALL_TIMEOUT' ? { origin: 'lab' } : {}) }))
    }
    const isOver = () => limit('CALL_TIMEOUT', 'in the time of the call')
    const timer = timeoutMs === undefined ? undefined : setTimeout(isOver, timeoutMs)
    const stopListening = whenAborted(signal, () => {
      const reason: unknown = signal?.reason
      if (reason instanceof HardwareError) reject(reason)
      else limit('CALL_CANCELLED', `when it was cancelled (${messageOf(reason)})`, reason)
    })
    try {
      await Promise.race([this.#redialling, promise])
    } catch (error) {
      if (!(error instanceof HardwareError) || error.message.startsWith(`${label}: `)) throw error
      // It is this call that cannot be made, and not the one that has found it out.
      const message = `${label}: ${error.message.replace(/^GetReport: /, '')}`
      throw new HardwareError(error.code, message, { cause: error.cause, origin: error.origin })
    } finally {
      clearTimeout(timer)
      stopListening()
    }
  }

  close(reason?: HardwareError): void {
    this.#closed.abort(
      reason ?? new HardwareError('CONNECTION_LOST', `the connection to ${this.#channel.address} is closed`),
    )
    clearTimeout(this.#heartbeat)
    this.#channel.close(reason)
  }

  async #redial(): Promise<void> {
    const timeoutMs = this.#timeoutMs
    const { signal } = this.#closed
    const mayPass = (error: unknown) => !isGone(error) && (this.mayHelp(error) || isTimeout(error))
    try {
      await tryAgain(() => this.#reach(), { firstWaitMs, maxWaitMs, timeoutMs, mayPass, signal })
    } catch (error) {
      if (signal.aborted) throw signal.reason
      if (isGone(error)) {
        throw new HardwareError('LEASE_LOST', `${this.#channel.address}: the lease is over`, { cause: error })
      }
      if (!mayPass(error)) throw error
      const message = `${this.#channel.address} could not be reached again within ${timeoutMs} ms: ${messageOf(error)}`
      throw new HardwareError('CONNECTION_LOST', message, { cause: error, origin: 'lab' })
    }
  }

  async #reach(): Promise<void> {
    // A new one each time, because gRPC's own waits longer between its tries.
    this.#channel.close()
    this.#channel = this.#connect()
    const report = await this.#channel.report({ timeoutMs: answerTimeoutMs, signal: this.#closed.signal })
    this.reached(report)
    if (report.drivers[0]?.uuid === this.#session) return
    const message = `${this.#channel.address} has been restarted while it was leased; what its drivers knew is lost`
    throw new HardwareError('EXPORTER_FAILED', message)
  }

  #beatLater(): void {
    clearTimeout(this.#heartbeat)
    if (this.#users > 0) this.#heartbeat = setTimeout(() => void this.#beat(), heartbeatMs)
  }

  async #beat(): Promise<void> {
    const channel = this.#channel
    try {
      await channel.state({ timeoutMs: silenceMs, signal: this.#closed.signal })
    } catch (error) {
      // What has broken, whoever waits sees too; who is silent has to be given up.
      if (isTimeout(error)) {
        const message = `${channel.address} has not answered for ${silenceMs} ms`
        channel.close(new HardwareError('CONNECTION_LOST', message))
      }
    }
    this.#beatLater()
  }
}

/** Whether there is no socket any more that leads there. */
function isGone(error: unknown): boolean {
  return messageOf(error).includes('ENOENT')
}

function isTimeout(error: unknown): boolean {
  return error instanceof HardwareError && error.timedOut
}
