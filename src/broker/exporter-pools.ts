import type { ExporterPool, PoolContext } from './exporter-pool.ts'
import type { ExporterSlot } from './exporter-slot.ts'
import type { Allocation } from './file-reservations.ts'
import type { LeaseRequest } from './messages.ts'
import type { ExporterFailure, SettledExporters } from './missing-exporters.ts'

/** All sources of exporters of one run. */
export class ExporterPools {
  readonly #pools: readonly ExporterPool[]
  readonly #settled = Promise.withResolvers<void>()
  #isClosed = false

  /** @param pools a role gets an exporter of an earlier pool if one fits */
  constructor(pools: readonly ExporterPool[]) {
    this.#pools = pools
  }

  /** The slots that files may get now. Exporters that have failed come last. */
  get slots(): readonly ExporterSlot[] {
    return this.#pools.flatMap((pool) => pool.slots).toSorted((one, other) => one.failures - other.failures)
  }

  /** The exporters that did not start, or were removed. */
  get failures(): readonly ExporterFailure[] {
    return this.#pools.flatMap((pool) => pool.failures)
  }

  /** True if no exporter is still starting. */
  get settled(): boolean {
    return this.#pools.every((pool) => pool.settled)
  }

  /** The exporters, when all have started or failed. Stays pending if the run ends before. */
  get whenSettled(): Promise<SettledExporters> {
    return this.#settled.promise.then(() => ({ exporters: this.slots, failures: this.failures }))
  }

  /** Starts the exporters of all pools. */
  open(context: PoolContext): void {
    const changed = () => {
      if (this.settled && !this.#isClosed) this.#settled.resolve()
      context.changed()
    }
    for (const pool of this.#pools) pool.open({ ...context, changed })
    changed()
  }

  /** Adds slots for the roles that no slot fits, where a pool has other exporters. */
  addNewSlots({ roles }: LeaseRequest, allocation: Allocation): Allocation {
    const complete = new Map(allocation)
    for (const [role, selector] of Object.entries(roles)) {
      const slot = complete.get(role) ?? this.slotFor(selector)
      if (slot !== undefined) complete.set(role, slot)
    }
    return complete
  }

  /** Makes a slot for a role that none of the slots fits; `undefined` if no pool has other exporters. */
  slotFor(selector: string): ExporterSlot | undefined {
    for (const pool of this.#pools) {
      const slot = pool.slotFor(selector)
      if (slot !== undefined) return slot
    }
    return undefined
  }

  /** Stops all exporters. @returns the problems of the clean-up */
  async close(): Promise<readonly string[]> {
    this.#isClosed = true
    const problems = await Promise.all(this.#pools.map((pool) => pool.close()))
    return problems.flat()
  }
}
