import type { ErrorCode } from '../errors.ts'
import type { LeasableExporter } from '../leases/lease.ts'
import { collectProblems, type ExporterPool, type PoolContext } from './exporter-pool.ts'
import { ExporterSlot } from './exporter-slot.ts'
import type { LeaseRequest } from './messages.ts'
import type { ExporterFailure } from './missing-exporters.ts'

/** Options of {@link ControllerPool}. */
export interface ControllerPoolOptions {
  /** Makes an exporter that the controller chooses by a selector. */
  readonly exporter: (selector: string) => LeasableExporter
  /** The time of a lease: one `file`, or the rest of the `run`. */
  readonly lease: 'file' | 'run'
}

/** The exporters of a controller. Each slot is a lease of the controller, made for the role of a file. */
export class ControllerPool implements ExporterPool {
  readonly failures: readonly ExporterFailure[] = []
  readonly settled = true
  readonly #options: ControllerPoolOptions
  /** The slots of the files that have a lease, or wait for one; with leases of the run, all slots. */
  readonly #slots = new Set<ExporterSlot>()
  #context: PoolContext | undefined

  constructor(options: ControllerPoolOptions) {
    this.#options = options
  }

  /** The slots that one file can take over from another: leases of the run. */
  get slots(): readonly ExporterSlot[] {
    return this.#isForRun ? [...this.#slots] : []
  }

  open(context: PoolContext): void {
    this.#context = context
  }

  slotFor(selector: string): ExporterSlot {
    const slot = new ExporterSlot(this.#options.exporter(selector), this)
    this.#slots.add(slot)
    return slot
  }

  renewsFor(slot: ExporterSlot, { avoid = [] }: LeaseRequest): boolean {
    return this.#isForRun && avoid.includes(slot.name)
  }

  /** Random for a group, so that two runs that each hold an exporter that the other needs do not do so forever. */
  maxWaitMs(partOfGroup: boolean): number | undefined {
    return partOfGroup ? Math.round(10_000 * (1 + Math.random())) : undefined
  }

  /** The controller has tried other exporters before it fails. After the time limit of a group, the file tries again. */
  isFinal(code: ErrorCode): boolean {
    return code !== 'LEASE_TIMEOUT'
  }

  /** Does nothing: the controller knows its exporters. */
  leaseFailed(): void {}

  exporterFailed(slot: ExporterSlot, reason: string): void {
    slot.fail()
    this.#context?.emit({ type: 'exporterFailed', exporter: slot.name, reason, consequence: 'notOurs' })
  }

  async giveBack(slot: ExporterSlot, isWanted: boolean): Promise<void> {
    if (this.#isForRun) {
      const keepMs = this.#context?.idleTimeoutMs ?? (isWanted ? 0 : Infinity)
      if (keepMs > 0) slot.keepIdle(keepMs)
      else await slot.free()
      return
    }
    try {
      await slot.free()
    } finally {
      this.#slots.delete(slot)
    }
  }

  close(): Promise<readonly string[]> {
    return collectProblems(Array.from(this.#slots, (slot) => slot.close()))
  }

  get #isForRun(): boolean {
    return this.#options.lease === 'run'
  }
}
