import { anySignal, onAbort } from '../../base/abort.ts'
import type { WaitOptions } from '../../base/wait-options.ts'
import { HardwareError, messageOf } from '../../errors.ts'
import { directReconnectMs, type LeasableExporter, type Lease, type ReserveOptions } from '../lease.ts'
import { thisProcess } from '../machine-lock/exporter-lock.ts'
import { ExporterChild, type ExporterChildOptions, type ExporterReady } from './exporter-child.ts'

/** The longest time that an exporter may take to open a session, in milliseconds, in addition to its hook. */
const openTimeoutMs = 60_000
/** The longest time that an exporter may take to end a session, or its process, in milliseconds, in addition to its hook. */
const stopTimeoutMs = 20_000
/** The longest time that an exporter may take to report the calls of its clients, in milliseconds. */
const activityTimeoutMs = 2_000
/** The longest time that an exporter may take to make its devices safe after it was started again, in milliseconds. */
const makeSafeTimeoutMs = 20_000

type Started = Awaited<ReturnType<typeof ExporterChild.start>>

/**
 * An exporter in a process that this process starts. Each lease is a session with fresh drivers. When this process dies, in
 * any way, the exporter closes its drivers and ends. When the exporter dies during a lease, it is started again, to bring its
 * devices to their safe state.
 */
export class LocalExporter implements LeasableExporter {
  readonly name: string
  readonly local = true
  readonly #options: ExporterChildOptions
  /** The process that was started last. It may have ended. */
  #child: ExporterChild
  #ready: ExporterReady
  #reserved = false
  /** Aborted when the process ends, or the session fails. Defined while a session is open, opens or closes. */
  #lost: AbortController | undefined
  /** Settles when the devices are safe after the process has died in use. */
  #recovery: Promise<void> | undefined
  #closed = false

  /**
   * Starts the exporter.
   *
   * @throws HardwareError EXPORTER_CONFIG_INVALID for mistakes in its file, EXPORTER_FAILED when it does not start
   */
  static async start(options: ExporterChildOptions): Promise<LocalExporter> {
    return new LocalExporter(options, await ExporterChild.start(options, options.signal))
  }

  private constructor(options: ExporterChildOptions, { child, ready }: Started) {
    this.name = options.name
    this.#options = options
    this.#child = child
    this.#ready = ready
    this.#begin({ child, ready })
  }

  get order(): string {
    return this.#ready.lockKey
  }

  get labels(): Readonly<Record<string, string>> {
    return this.#ready.labels
  }

  async reserve({ signal, file, maxWaitMs, waiting }: ReserveOptions = {}): Promise<void> {
    signal?.throwIfAborted()
    if (this.#reserved) return
    const child = await this.#running()
    const limit = maxWaitMs === undefined ? undefined : AbortSignal.timeout(maxWaitMs)
    const giveUp = anySignal(signal, limit)
    const stopListening = onAbort(giveUp, () => void free(child).catch(() => undefined))
    const owner = { ...thisProcess(), file }
    try {
      await child.ask(
        { type: 'reserve', owner },
        { name: 'reservation', waiting: (process) => waiting?.({ type: 'process', process }) },
      )
      // The signal has freed the exporter again.
      giveUp?.throwIfAborted()
      this.#reserved = true
    } catch (error) {
      if (limit?.aborted !== true || signal?.aborted === true) throw error
      const message = `Other processes have used exporter ${this.name} for ${maxWaitMs} ms`
      throw new HardwareError('LEASE_TIMEOUT', message, { details: { exporter: this.name, limitMs: maxWaitMs } })
    } finally {
      stopListening()
    }
  }

  async free(): Promise<void> {
    await this.#recovery?.catch(() => undefined)
    if (!this.#reserved) return
    this.#reserved = false
    const child = this.#child
    await free(child).catch((error: unknown) => {
      // A process that has ended does not hold the exporter any more.
      if (!child.ended) throw error
    })
  }

  async lease({ signal }: WaitOptions = {}): Promise<Lease> {
    signal?.throwIfAborted()
    const child = this.#child
    if (child.ended) throw await child.gone
    if (!this.#reserved) throw this.#failure(`Exporter ${this.name} is not reserved`)
    this.#recovery = undefined
    const lost = new AbortController()
    this.#lost = lost
    const limit = { name: 'session', timeoutMs: openTimeoutMs + this.#ready.hooksMs.before }
    const opened = await child.ask({ type: 'open' }, limit).catch(async (error: unknown) => {
      await this.#settle(child, error)
      throw error
    })
    let released: Promise<void> | undefined
    return {
      endpoint: {
        name: this.name,
        address: opened.type === 'opened' ? opened.address : '',
        reconnectTimeoutMs: directReconnectMs,
      },
      releaseTimeoutMs: this.#stopTimeoutMs,
      lost: lost.signal,
      activity: async () => {
        const answer = await child.ask({ type: 'activity' }, { name: 'report', timeoutMs: activityTimeoutMs })
        return answer.type === 'activity' ? answer.activity : undefined
      },
      release: () => (released ??= this.#release(child, lost.signal)),
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    try {
      await this.#recovery?.catch(() => undefined)
      await this.#child.stop(this.#stopTimeoutMs)
    } finally {
      // The process may have died while it closed its drivers.
      await this.#recovery?.catch(() => undefined)
      await this.#child.stop(this.#stopTimeoutMs)
    }
  }

  async #release(child: ExporterChild, lost: AbortSignal): Promise<void> {
    const hasEnded = lost.aborted && child.ended
    if (!hasEnded) {
      const limit = { name: 'end of the session', timeoutMs: this.#stopTimeoutMs }
      const problem: unknown = await child.ask({ type: 'close' }, limit).then(
        () => undefined,
        (error: unknown) => error,
      )
      const hasDied = child.ended
      await this.#settle(child, problem)
      if (problem !== undefined && !hasDied) throw problem
    }
    await this.#recovery
  }

  /** After a session has ended, or failed to open: ends a process that hangs, and waits until the devices are safe. */
  async #settle(child: ExporterChild, problem: unknown): Promise<void> {
    if (problem instanceof HardwareError && problem.timedOut) {
      // No other session can follow one that does not open or end in time. The caller gets the error, so nobody reports the loss.
      this.#lost = new AbortController()
      child.kill()
    } else if (!child.ended) {
      this.#lost = undefined
      return
    }
    await child.gone
    await this.#recovery
  }

  /** @returns the process; one that has ended is started again first */
  async #running(): Promise<ExporterChild> {
    if (this.#child.ended) await this.#child.gone
    await this.#recovery?.catch(() => undefined)
    if (this.#child.outOfService !== undefined) throw this.#child.outOfService
    if (this.#child.ended && !this.#closed) this.#begin(await ExporterChild.start(this.#options))
    if (!this.#closed) return this.#child
    await this.#child.stop(this.#stopTimeoutMs)
    throw this.#failure(`Exporter ${this.name} has been stopped`)
  }

  #begin({ child, ready }: Started): void {
    this.#child = child
    this.#ready = ready
    for (const message of ready.warnings) {
      this.#options.emit({ type: 'exporterWarning', exporter: this.name, message })
    }
    child.sessionFailed = (error) => this.#lost?.abort(error)
    void child.gone.then((error) => this.#processEnded(child, error))
  }

  #processEnded(child: ExporterChild, error: HardwareError): void {
    const lost = this.#lost
    this.#lost = undefined
    this.#reserved = false
    if (lost === undefined) return
    lost.abort(error)
    // The process was stopped while it was in use, and has made its devices safe.
    if (this.#closed && child.endedInOrder) return
    this.#recovery = this.#recover(error)
    // The end of the lease throws the error.
    this.#recovery.catch(() => undefined)
  }

  /** Starts the process again, which makes its devices safe, unless another run has locked them first and makes them safe. */
  async #recover(reason: HardwareError): Promise<void> {
    try {
      const started = await ExporterChild.start(this.#options)
      this.#begin(started)
      const { child } = started
      let isTaken = false
      const waiting = () => {
        isTaken = true
        void free(child).catch(() => undefined)
      }
      const limit = { name: 'safe state', timeoutMs: makeSafeTimeoutMs, waiting }
      await child.ask({ type: 'reserve', owner: thisProcess() }, limit).then(
        () => {
          this.#reserved = !isTaken
        },
        (error: unknown) => {
          if (isTaken) return
          // A lock that the process gets later would keep others away.
          if (error instanceof HardwareError && error.timedOut) child.kill()
          throw error
        },
      )
    } catch (error) {
      const what = `its devices may not be safe: ${messageOf(error)}. Before that: ${reason.message}`
      throw new HardwareError('CLEANUP_FAILED', what, { cause: error, details: { exporter: this.name } })
    }
  }

  #failure(message: string): HardwareError {
    return new HardwareError('EXPORTER_FAILED', message, { details: { exporter: this.name } })
  }

  get #stopTimeoutMs(): number {
    return stopTimeoutMs + this.#ready.hooksMs.after
  }
}

async function free(child: ExporterChild): Promise<void> {
  await child.ask({ type: 'free' }, { name: 'end of the reservation', timeoutMs: stopTimeoutMs })
}
