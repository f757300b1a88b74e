import { HardwareError, messageOf } from '../errors.ts'
import type { WaitOptions } from '../protocol/channel.ts'
import { whenAborted } from '../protocol/when-aborted.ts'
import { ExporterChild, type ExporterChildOptions, type ExporterReady } from './exporter-child.ts'
import { exporterLockKey, thisProcess } from './exporter-lock.ts'
import type { LeasableExporter, Lease, ReserveOptions } from './lease.ts'

/** How long an exporter may take to open a session, in milliseconds, besides its hook. */
const openTimeoutMs = 60_000
/** How long it may take to end a session, and itself, before it is killed, besides its hook. */
const stopTimeoutMs = 20_000
/** How long it may take to tell what its clients did, in milliseconds. */
const reportTimeoutMs = 2_000
/** How long one that was started again may take to make its devices safe, in milliseconds. */
const makeSafeTimeoutMs = 20_000

/**
 * Starts an exporter in a process of its own. Each lease is a session of it, with fresh drivers. When this process dies,
 * however it dies, the exporter closes its drivers and ends. When the exporter dies during a lease it is started again, to
 * bring its devices to their safe state.
 *
 * @throws HardwareError EXPORTER_CONFIG_INVALID for mistakes in its file, EXPORTER_FAILED when it does not start
 */
export async function startLocalExporter(options: ExporterChildOptions): Promise<LeasableExporter> {
  const exporter = new LocalExporter(options)
  await exporter.start()
  return exporter
}

class LocalExporter implements LeasableExporter {
  readonly name: string
  readonly order: string
  readonly local = true
  labels: Readonly<Record<string, string>> = {}
  readonly #options: ExporterChildOptions
  #child: ExporterChild | undefined
  #ready: ExporterReady | undefined
  #reserved = false
  /** Aborted when the process ends; there while a session is open, opens or closes. */
  #inUse: AbortController | undefined
  /** The process has died in use, and its devices are being made safe. */
  #recovery: Promise<void> | undefined
  /** Has started, and may have gone since; it knows why it is out of service. */
  #last: ExporterChild | undefined

  constructor(options: ExporterChildOptions) {
    this.name = options.name
    this.order = exporterLockKey(options.file)
    this.#options = options
  }

  async start(): Promise<void> {
    const { child, ready } = await ExporterChild.start(this.#options)
    this.#child = child
    this.#last = child
    this.#ready = ready
    this.labels = ready.labels
    for (const warning of ready.warnings) this.#options.print(`warning: ${warning}`)
    void child.gone.then((error) => this.#gone(child, error))
  }

  async reserve({ signal, file, waiting }: ReserveOptions = {}): Promise<void> {
    signal?.throwIfAborted()
    if (this.#reserved) return
    const child = await this.#running()
    const stop = whenAborted(signal, () => void free(child).catch(() => undefined))
    try {
      const owner = { ...thisProcess(), file }
      await child.ask({ type: 'reserve', owner }, { name: 'reservation', waiting })
      this.#reserved = true
    } finally {
      stop()
    }
  }

  async free(): Promise<void> {
    await this.#recovery?.catch(() => undefined)
    if (!this.#reserved) return
    this.#reserved = false
    if (this.#child !== undefined) await free(this.#child)
  }

  async lease(options: WaitOptions = {}): Promise<Lease> {
    options.signal?.throwIfAborted()
    const child = await this.#running()
    const inUse = new AbortController()
    this.#inUse = inUse
    const timeoutMs = openTimeoutMs + (this.#ready?.hooksMs.before ?? 0)
    const opened = await child.ask({ type: 'open' }, { name: 'session', timeoutMs }).catch(async (error: unknown) => {
      await this.#settle(child, error)
      throw error
    })
    let released: Promise<void> | undefined
    return {
      endpoint: { name: this.name, address: opened.type === 'opened' ? opened.address : '' },
      releaseTimeoutMs: this.#stopTimeoutMs,
      lost: inUse.signal,
      activity: async () => {
        const answer = await child.ask({ type: 'activity' }, { name: 'report', timeoutMs: reportTimeoutMs })
        return answer.type === 'activity' ? answer.activity : undefined
      },
      release: () => (released ??= this.#release(child, inUse.signal)),
    }
  }

  async close(): Promise<void> {
    await this.#recovery?.catch(() => undefined)
    const child = this.#child
    this.#child = undefined
    await child?.stop(this.#stopTimeoutMs)
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
    // A session that does not open or end in time cannot be followed by another one.
    if (problem instanceof HardwareError && problem.timedOut) child.kill()
    else if (!child.ended) {
      this.#inUse = undefined
      return
    }
    await child.gone
    await this.#recovery
  }

  async #running(): Promise<ExporterChild> {
    await this.#recovery?.catch(() => undefined)
    if (this.#last?.retired !== undefined) throw this.#last.retired
    if (this.#child === undefined) await this.start()
    if (this.#child === undefined) throw new HardwareError('EXPORTER_FAILED', `Exporter ${this.name} has ended`)
    return this.#child
  }

  #gone(child: ExporterChild, error: HardwareError): void {
    if (this.#child !== child) return
    this.#child = undefined
    const reserved = this.#reserved
    this.#reserved = false
    if (this.#inUse === undefined) return
    this.#inUse.abort(error)
    this.#inUse = undefined
    if (!reserved) return
    this.#recovery = this.#recover(error)
    // Whoever ends the lease is told.
    this.#recovery.catch(() => undefined)
  }

  /** Starts the process again, and makes its devices safe, unless another run has got them first and does it. */
  async #recover(reason: HardwareError): Promise<void> {
    try {
      await this.start()
      const child = this.#child
      if (child === undefined) return
      let isTaken = false
      const waiting = () => {
        isTaken = true
        void free(child).catch(() => undefined)
      }
      const limit = { name: 'reservation', timeoutMs: makeSafeTimeoutMs, waiting }
      await child.ask({ type: 'reserve', owner: thisProcess() }, limit).catch((error: unknown) => {
        if (!isTaken) throw error
      })
      if (isTaken) return
      this.#reserved = true
      await child.ask({ type: 'make-safe' }, { name: 'safe state', timeoutMs: makeSafeTimeoutMs })
    } catch (error) {
      const what = `its devices may not be safe: ${messageOf(error)}. Before that: ${reason.message}`
      throw new HardwareError('CLEANUP_FAILED', what, { cause: error })
    }
  }

  get #stopTimeoutMs(): number {
    return stopTimeoutMs + (this.#ready?.hooksMs.after ?? 0)
  }
}

async function free(child: ExporterChild): Promise<void> {
  await child.ask({ type: 'free' }, { name: 'end of the reservation', timeoutMs: stopTimeoutMs })
}
