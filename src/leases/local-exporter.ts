import { HardwareError, messageOf } from '../errors.ts'
import type { WaitOptions } from '../protocol/channel.ts'
import { whenAborted } from '../protocol/when-aborted.ts'
import { ExporterChild, type ExporterChildOptions, type ExporterReady } from './exporter-child.ts'
import { thisProcess } from './exporter-lock.ts'
import type { LeasableExporter, Lease, ReserveOptions } from './lease.ts'

/** How long an exporter may take to open a session, in milliseconds, besides its hook. */
const openTimeoutMs = 60_000
/** How long it may take to end a session, and itself, before it is killed, besides its hook. */
const stopTimeoutMs = 20_000
/** How long it may take to tell what its clients did, in milliseconds. */
const reportTimeoutMs = 2_000
/** How long one that was started again may take until its devices are safe, in milliseconds. */
const makeSafeTimeoutMs = 20_000

/**
 * Starts an exporter in a process of its own. Each lease is a session of it, with fresh drivers. When this process dies,
 * however it dies, the exporter closes its drivers and ends. When the exporter dies during a lease it is started again, to
 * bring its devices to their safe state.
 *
 * @throws HardwareError EXPORTER_CONFIG_INVALID for mistakes in its file, EXPORTER_FAILED when it does not start
 */
export async function startLocalExporter(options: ExporterChildOptions): Promise<LeasableExporter> {
  return new LocalExporter(options, await ExporterChild.start(options, options.signal))
}

type Started = Awaited<ReturnType<typeof ExporterChild.start>>

class LocalExporter implements LeasableExporter {
  readonly name: string
  readonly local = true
  readonly #options: ExporterChildOptions
  /** The process that was started last, which may have ended. */
  #child: ExporterChild
  #ready: ExporterReady
  #reserved = false
  /** Aborted when the process ends; there while a session is open, opens or closes. */
  #lost: AbortController | undefined
  /** The process has died in use, and its devices are being made safe. */
  #recovery: Promise<void> | undefined
  #closed = false

  constructor(options: ExporterChildOptions, { child, ready }: Started) {
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

  async reserve({ signal, file, waiting }: ReserveOptions = {}): Promise<void> {
    signal?.throwIfAborted()
    if (this.#reserved) return
    const child = await this.#running()
    const stop = whenAborted(signal, () => void free(child).catch(() => undefined))
    try {
      await child.ask({ type: 'reserve', owner: { ...thisProcess(), file } }, { name: 'reservation', waiting })
      // Then it has been told to free it again.
      signal?.throwIfAborted()
      this.#reserved = true
    } finally {
      stop()
    }
  }

  async free(): Promise<void> {
    await this.#recovery?.catch(() => undefined)
    if (!this.#reserved) return
    this.#reserved = false
    const child = this.#child
    await free(child).catch((error: unknown) => {
      // What has ended has freed it.
      if (!child.ended) throw error
    })
  }

  async lease({ signal }: WaitOptions = {}): Promise<Lease> {
    signal?.throwIfAborted()
    const child = this.#child
    if (child.ended) throw await child.gone
    if (!this.#reserved) throw new HardwareError('EXPORTER_FAILED', `Exporter ${this.name} is not reserved`)
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
      endpoint: { name: this.name, address: opened.type === 'opened' ? opened.address : '' },
      releaseTimeoutMs: this.#stopTimeoutMs,
      lost: lost.signal,
      activity: async () => {
        const answer = await child.ask({ type: 'activity' }, { name: 'report', timeoutMs: reportTimeoutMs })
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
      // It may have died while it closed its drivers.
      await this.#recovery?.catch(() => undefined)
      await this.#child.stop(this.#stopTimeoutMs)
    }
  }

  async #release(child: ExporterChild, lost: AbortSignal): Promise<void> {
    if (!lost.aborted) {
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

  /** After a session has ended, or not begun: waits for its process to end where it has to, and for what follows. */
  async #settle(child: ExporterChild, problem: unknown): Promise<void> {
    if (problem instanceof HardwareError && problem.timedOut) {
      // A session that does not open or end in time cannot be followed by another one. Who asked is told so.
      this.#lost = new AbortController()
      child.kill()
    } else if (!child.ended) {
      this.#lost = undefined
      return
    }
    await child.gone
    await this.#recovery
  }

  /** @returns the process, which is started where it has ended */
  async #running(): Promise<ExporterChild> {
    if (this.#child.ended) await this.#child.gone
    await this.#recovery?.catch(() => undefined)
    if (this.#child.retired !== undefined) throw this.#child.retired
    if (this.#child.ended && !this.#closed) this.#begin(await ExporterChild.start(this.#options))
    if (!this.#closed) return this.#child
    await this.#child.stop(this.#stopTimeoutMs)
    throw new HardwareError('EXPORTER_FAILED', `Exporter ${this.name} has been stopped`)
  }

  #begin({ child, ready }: Started): void {
    this.#child = child
    this.#ready = ready
    for (const warning of ready.warnings) this.#options.print(`warning: ${warning}`)
    void child.gone.then((error) => this.#gone(child, error))
  }

  #gone(child: ExporterChild, error: HardwareError): void {
    const lost = this.#lost
    this.#lost = undefined
    this.#reserved = false
    if (lost === undefined) return
    lost.abort(error)
    // It was stopped while it was in use, and has done what there is to do.
    if (this.#closed && child.endedInOrder) return
    this.#recovery = this.#recover(error)
    // Whoever ends the lease is told.
    this.#recovery.catch(() => undefined)
  }

  /** Starts the process again, which makes its devices safe, unless another run has got them first and does it. */
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
          // So that it does not have it later, when nobody expects it.
          if (error instanceof HardwareError && error.timedOut) child.kill()
          throw error
        },
      )
    } catch (error) {
      const what = `its devices may not be safe: ${messageOf(error)}. Before that: ${reason.message}`
      throw new HardwareError('CLEANUP_FAILED', what, { cause: error })
    }
  }

  get #stopTimeoutMs(): number {
    return stopTimeoutMs + this.#ready.hooksMs.after
  }
}

async function free(child: ExporterChild): Promise<void> {
  await child.ask({ type: 'free' }, { name: 'end of the reservation', timeoutMs: stopTimeoutMs })
}
