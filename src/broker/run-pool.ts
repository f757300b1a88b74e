import { now } from '../base/clock.ts'
import { type ErrorCode, messageOf } from '../errors.ts'
import { describe } from '../leases/describe-event.ts'
import type { LeasableExporter } from '../leases/lease.ts'
import { collectProblems, type ExporterPool, type PoolContext } from './exporter-pool.ts'
import { ExporterSlot } from './exporter-slot.ts'
import type { ExporterFailure } from './missing-exporters.ts'

/** The way to get one exporter of the run. */
export interface ExporterSource {
  readonly name: string
  /**
   * Starts the exporter, or connects to it.
   *
   * @param signal ends the attempt
   * @param folder the folder of the run's sockets, which is removed when the run is killed
   */
  start(signal: AbortSignal, folder: string): Promise<LeasableExporter>
}

/** The number of failures after which an exporter is removed from the run. */
const maxFailures = 2

/** The errors of a lease that neither another try nor another exporter changes. */
const finalCodes: ReadonlySet<ErrorCode> = new Set([
  'EXPORTER_CONFIG_INVALID',
  'HOOK_FAILED',
  'MODULE_MISSING',
  'PROGRAM_MISSING',
  'SETUP_BROKEN',
])

/** The exporters that the options of a run name. They start in the background, and all of them belong to the run. */
export class RunPool implements ExporterPool {
  readonly #sources: readonly ExporterSource[]
  readonly #starting = new AbortController()
  #starts: readonly Promise<ExporterSlot>[] = []
  /** The slots that files may get, with their places in the options. */
  readonly #places = new Map<ExporterSlot, number>()
  readonly #failures: ExporterFailure[] = []
  #context: PoolContext | undefined
  #settled = false

  constructor(sources: readonly ExporterSource[]) {
    this.#sources = sources
  }

  /** The exporters that have started and have not failed too often, in the order of the options. */
  get slots(): readonly ExporterSlot[] {
    return [...this.#places].toSorted(([, one], [, other]) => one - other).map(([slot]) => slot)
  }

  get failures(): readonly ExporterFailure[] {
    return this.#failures
  }

  get settled(): boolean {
    return this.#settled
  }

  open(context: PoolContext): void {
    this.#context = context
    const begin = now()
    this.#starts = this.#sources.map((source, place) => {
      const start = context.folder.then(async ({ path }) => {
        return new ExporterSlot(await source.start(this.#starting.signal, path), this)
      })
      void this.#add(source.name, start, place, begin)
      return start
    })
    void Promise.allSettled(this.#starts).then(() => {
      this.#settled = true
      context.changed()
    })
  }

  slotFor(): undefined {
    return undefined
  }

  /** Each lease is a new session. */
  renewsFor(): boolean {
    return false
  }

  /** No limit: files reserve exporters in one order, so that none waits for another in a circle. */
  maxWaitMs(): undefined {
    return undefined
  }

  isFinal(code: ErrorCode): boolean {
    return finalCodes.has(code)
  }

  leaseFailed(slot: ExporterSlot, reason: string): void {
    this.exporterFailed(slot, reason)
  }

  exporterFailed(slot: ExporterSlot, reason: string): void {
    const failures = slot.fail()
    if (failures < maxFailures) {
      this.#context?.emit({ type: 'exporterFailed', exporter: slot.name, reason, consequence: 'kept' })
      return
    }
    if (!this.#places.delete(slot)) return
    const event = { type: 'exporterFailed', exporter: slot.name, reason, consequence: 'removed' } as const
    this.#failures.push({ exporter: slot.name, sentence: describe(event) })
    this.#context?.emit(event)
  }

  async giveBack(slot: ExporterSlot): Promise<void> {
    const idleTimeoutMs = this.#context?.idleTimeoutMs
    if (idleTimeoutMs !== undefined && this.#places.has(slot)) slot.keepIdle(idleTimeoutMs)
    else await slot.free()
  }

  async close(): Promise<readonly string[]> {
    this.#starting.abort(new Error('the run has ended'))
    const starts = await Promise.allSettled(this.#starts)
    return collectProblems(starts.flatMap((start) => (start.status === 'fulfilled' ? start.value.close() : [])))
  }

  async #add(name: string, start: Promise<ExporterSlot>, place: number, begin: number): Promise<void> {
    const emit = this.#context?.emit
    try {
      this.#places.set(await start, place)
      emit?.({ type: 'exporterStarted', exporter: name, durationMs: now() - begin })
    } catch (error) {
      // The end of the run has ended the start.
      if (this.#starting.signal.aborted) return
      const event = {
        type: 'exporterNotStarted',
        exporter: name,
        reason: messageOf(error),
        durationMs: now() - begin,
      } as const
      this.#failures.push({ exporter: name, sentence: describe(event) })
      emit?.(event)
    }
    this.#context?.changed()
  }
}
