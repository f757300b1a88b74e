import { startTimer, stopTimer } from '../base/clock.ts'
import type { LeasableExporter, Lease, ReserveOptions } from '../leases/lease.ts'
import type { WaitOptions } from '../base/wait-options.ts'
import type { ExporterPool } from './exporter-pool.ts'

/** The user of a slot. */
export interface SlotHolder {
  /** The path of the test file, for messages. */
  readonly name: string
}

/** An exporter that test files get one after another. Nothing else writes the holder, the idle timer and the failures. */
export class ExporterSlot {
  readonly exporter: LeasableExporter
  /** The pool that made the slot, and decides how long it is kept and what its failures mean. */
  readonly pool: ExporterPool
  #holder: SlotHolder | undefined
  #failures = 0
  #isKept = false
  #idleTimer: NodeJS.Timeout | undefined
  /** Settles when the exporter has been freed. A reservation waits for it. */
  #freeing: Promise<void> = Promise.resolve()

  constructor(exporter: LeasableExporter, pool: ExporterPool) {
    this.exporter = exporter
    this.pool = pool
  }

  /** The name of the exporter. */
  get name(): string {
    return this.exporter.name
  }

  /** The file that has the slot, or is about to get its lease. */
  get holder(): SlotHolder | undefined {
    return this.#holder
  }

  /** The number of failures in this run. */
  get failures(): number {
    return this.#failures
  }

  /** Gives the slot to a file. It must be free. */
  take(holder: SlotHolder): void {
    if (this.#holder !== undefined)
      throw new Error(`${holder.name} cannot take ${this.name}: ${this.#holder.name} has it`)
    this.#holder = holder
  }

  /** Ends the use by a file. Does nothing if another file has the slot. */
  release(holder: SlotHolder): void {
    if (this.#holder === holder) this.#holder = undefined
  }

  /** Keeps other processes away, as {@link LeasableExporter.reserve} does. */
  async reserve(options: ReserveOptions): Promise<void> {
    this.#stopKeeping()
    await this.#freeing
    await this.exporter.reserve(options)
  }

  /** Leases the exporter. It must be reserved. */
  async lease(options: WaitOptions): Promise<Lease> {
    return this.exporter.lease(options)
  }

  /** Lets other processes use the exporter. */
  async free(): Promise<void> {
    this.#stopKeeping()
    const freed = this.exporter.free()
    this.#freeing = freed.catch(() => undefined)
    await freed
  }

  /**
   * Keeps other processes away although no file uses the exporter.
   *
   * @param ms the time until the exporter is freed, in milliseconds; Infinity for the rest of the run
   */
  keepIdle(ms: number): void {
    this.#stopKeeping()
    this.#isKept = true
    if (ms !== Infinity) this.#idleTimer = startTimer(() => this.freeIfIdle(), ms).unref()
  }

  /** Frees the exporter if no file has reserved it since {@link ExporterSlot.keepIdle}. */
  freeIfIdle(): void {
    // The next reservation reports a problem of the exporter.
    if (this.#isKept) this.free().catch(() => undefined)
  }

  /** Counts a failure of the exporter. @returns the number of failures so far */
  fail(): number {
    return ++this.#failures
  }

  /** Stops the exporter, or ends its lease. */
  async close(): Promise<void> {
    this.#stopKeeping()
    await this.exporter.close()
  }

  #stopKeeping(): void {
    stopTimer(this.#idleTimer)
    this.#isKept = false
  }
}
