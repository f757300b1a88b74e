import { now } from '../base/clock.ts'
import { onAbort } from '../base/abort.ts'
import { HardwareError, messageOf } from '../errors.ts'
import type { Lease } from '../leases/lease.ts'
import type { RunEvent, UnfinishedWork } from '../leases/run-event.ts'
import type { ExporterSlot, SlotHolder } from './exporter-slot.ts'
import {
  type Allocation,
  failureOf,
  FileReservations,
  type FileReservationsOptions,
  type LeaseFailure,
} from './file-reservations.ts'
import type { RoleGrant } from './messages.ts'

/** The result of {@link FileLeases.lease}. */
export interface LeaseResult {
  /** The roles whose sessions are open. */
  readonly grants: Readonly<Record<string, RoleGrant>>
  readonly failures: readonly LeaseFailure[]
  /** True if another process holds an exporter, so that other exporters are tried before the file waits for it. */
  readonly heldByOtherProcess: boolean
}

/** Options of {@link FileLeases}. */
export interface FileLeasesOptions extends FileReservationsOptions {
  /** The path of the test file relative to the root, for messages. */
  readonly name: string
  readonly emit: (event: RunEvent) => void
  /** Called when an exporter ends before its lease is released. */
  readonly lost: (slot: ExporterSlot, error: HardwareError) => void
}

interface OpenLease {
  readonly role: string
  readonly lease: Lease
}

/** The leases of one test file: the sequence from its slots over reservations and sessions to their end. */
export class FileLeases implements SlotHolder {
  readonly reservations: FileReservations
  readonly #options: FileLeasesOptions
  #allocation: Allocation = new Map()
  readonly #leases = new Map<ExporterSlot, OpenLease>()
  readonly #ended = new AbortController()
  #heldSince: number | undefined

  constructor(options: FileLeasesOptions) {
    this.#options = options
    this.reservations = new FileReservations(options)
  }

  get name(): string {
    return this.#options.name
  }

  /** True after {@link FileLeases.end}. */
  get ended(): boolean {
    return this.#ended.signal.aborted
  }

  /** The time since the file has had its exporters, in milliseconds; `undefined` if it has had none. */
  get heldMs(): number | undefined {
    return this.#heldSince === undefined ? undefined : now() - this.#heldSince
  }

  /** The longest time that {@link FileLeases.release} takes, in milliseconds. */
  get releaseTimeoutMs(): number {
    return Math.max(0, ...Array.from(this.#leases.values(), ({ lease }) => lease.releaseTimeoutMs))
  }

  /** The names of the exporters that the file has, by role. */
  get exporters(): Readonly<Record<string, string>> {
    return Object.fromEntries(Array.from(this.#allocation, ([role, { name }]) => [role, name]))
  }

  /** Takes slots, so that no other file gets them, for {@link FileLeases.lease}. */
  take(allocation: Allocation): void {
    for (const slot of allocation.values()) slot.take(this)
    this.#allocation = allocation
  }

  /**
   * Leases the exporters of the slots: reserves all of them, and then opens their sessions at the same time. Call
   * {@link FileLeases.release} afterwards, also after failures.
   */
  async lease(): Promise<LeaseResult> {
    const { reserved, ...result } = await this.reservations.reserve(this.#allocation, this.#ended.signal)
    const isUseless = result.heldByOtherProcess || result.failures.some(({ isFinal }) => !isFinal)
    if (isUseless) return { grants: {}, ...result }
    if (this.#allocation.size > 0) {
      this.#heldSince = now()
      this.#options.waiting({ type: 'opening', exporters: Array.from(this.#allocation.values(), ({ name }) => name) })
    }
    // Without a prototype: a role may have the name of a member of every object, such as `constructor`.
    const grants: Record<string, RoleGrant> = Object.create(null)
    const failures = [...result.failures]
    const opened = reserved.map(async ([role, slot]) => {
      try {
        grants[role] = await this.#open(role, slot)
      } catch (error) {
        failures.push(failureOf(role, slot, error))
      }
    })
    await Promise.all(opened)
    return { grants, failures, heldByOtherProcess: false }
  }

  /** Ends the waits for exporters. */
  end(): void {
    this.#ended.abort(new HardwareError('CALL_CANCELLED', 'the file has ended'))
  }

  /**
   * Ends the leases and gives all slots back.
   *
   * @param isWanted asked for each slot: true if other processes may be waiting for an exporter
   * @returns the slots that could not be cleaned up, and the reasons
   */
  async release(isWanted: () => boolean): Promise<ReadonlyMap<ExporterSlot, string>> {
    const slots = [...this.#allocation.values()]
    const problems = new Map<ExporterSlot, string>()
    const released = slots.map(async (slot) => {
      try {
        await this.#close(slot)
        await slot.pool.giveBack(slot, isWanted())
      } catch (error) {
        problems.set(slot, messageOf(error))
        await slot.pool.giveBack(slot, isWanted()).catch(() => undefined)
      }
    })
    await Promise.all(released)
    for (const slot of slots) slot.release(this)
    this.#allocation = new Map()
    this.#leases.clear()
    return problems
  }

  /** The work that a worker left that has ended without a release; `undefined` if there was none. */
  async unfinishedWork(): Promise<UnfinishedWork | undefined> {
    if (this.#leases.size === 0) return undefined
    if (this.ended) return { type: 'cleanup', exporters: Array.from(this.#leases.keys(), ({ name }) => name) }
    const exporters = Array.from(this.#leases, async ([{ name }, { lease }]) => {
      return { exporter: name, activity: await lease.activity().catch(() => undefined) }
    })
    return { type: 'tests', exporters: await Promise.all(exporters) }
  }

  async #open(role: string, slot: ExporterSlot): Promise<RoleGrant> {
    const { name: file, emit, lost } = this.#options
    const begin = now()
    const lease = await slot.lease({ signal: this.#ended.signal })
    this.#leases.set(slot, { role, lease })
    onAbort(lease.lost, () => lost(slot, lease.lost.reason as HardwareError))
    const exporter = slot.name
    emit({ type: 'sessionStarted', file, role, exporter, durationMs: now() - begin })
    const { endpoint } = lease
    const reportsEnd = slot.exporter.local || endpoint.tunnels === true || endpoint.leaseKey !== undefined
    return { granted: true, exporter, endpoint, reportsEnd }
  }

  async #close(slot: ExporterSlot): Promise<void> {
    const open = this.#leases.get(slot)
    if (open === undefined) return
    const { name: file, emit } = this.#options
    const { name: exporter } = slot
    const begin = now()
    const report = (problem: string | undefined) =>
      emit({ type: 'sessionEnded', file, role: open.role, exporter, durationMs: now() - begin, problem })
    try {
      await open.lease.release()
      report(undefined)
    } catch (error) {
      report(messageOf(error))
      throw error
    }
  }
}
