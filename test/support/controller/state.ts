import { randomUUID } from 'node:crypto'
import { EventEmitter } from 'node:events'

import type { DriverInstanceReport } from '../../../src/protocol/generated/jumpstarter/v1/jumpstarter_pb.ts'
import { ExporterStatus } from '../../../src/protocol/generated/jumpstarter/v1/common_pb.ts'
import { matchesSelector, parseSelector, type Requirement } from '../../../src/base/selector.ts'

/** How long after its creation a lease is looked at, in milliseconds (measured on the real controller: 20 to 130). */
const reconcileMs = 30

/** The time until the controller's cache knows a status that was written, in milliseconds. */
const cacheLagMs = 20

/** The longest that a timer runs, in milliseconds. */
const maxTimerMs = 2 ** 31 - 1

/** A condition of a lease, as Kubernetes has them. */
export interface LeaseCondition {
  readonly type: 'Ready' | 'Pending' | 'Unsatisfiable' | 'Invalid'
  readonly status: boolean
  readonly reason: string
  readonly message: string
}

/** An exporter that the controller knows; it may have registered or not. */
export interface KnownExporter {
  readonly uuid: string
  readonly name: string
  /** Those that it was created with, and those that it has registered. */
  labels: Record<string, string>
  reports: readonly DriverInstanceReport[]
  /** How many Status streams it has open; without one it is offline. */
  streams: number
  status: ExporterStatus
  /** The status in the controller's cache, which it compares with before it writes another one. */
  cachedStatus: ExporterStatus
  message: string
  lease: KnownLease | undefined
}

/** A lease, from its creation on. It is kept when it has ended. */
export interface KnownLease {
  readonly name: string
  client: string
  readonly selector: string
  readonly exporterName: string | undefined
  readonly tags: Readonly<Record<string, string>>
  readonly context: Readonly<Record<string, string>>
  durationMs: number
  /** Times are in milliseconds since 1970. */
  begin: number | undefined
  /** Before this nobody gets anything. */
  notBefore: number
  end: number | undefined
  exporter: KnownExporter | undefined
  conditions: LeaseCondition[]
  timer: NodeJS.Timeout | undefined
}

/** What a lease is created with. */
export type LeaseSpec = Pick<KnownLease, 'client' | 'durationMs'> & Partial<KnownLease>

/** The exporters and the leases of one namespace, and who gets what. There is no fairness: the first free exporter wins. */
export class ControllerState {
  readonly exporters = new Map<string, KnownExporter>()
  readonly leases = new Map<string, KnownLease>()
  /** Emits `lease` with an exporter whose lease has changed. */
  readonly events = new EventEmitter<{ lease: [KnownExporter] }>()

  /** True while the leases can be neither read nor changed. */
  isStoreAway = false

  constructor() {
    this.events.setMaxListeners(0)
  }

  /** @throws Error when there is none of the name */
  leaseOf(name: string): KnownLease {
    const lease = this.leases.get(name)
    if (lease === undefined) throw new Error(`there is no lease ${name}`)
    return lease
  }

  create(wishes: LeaseSpec): KnownLease {
    const lease: KnownLease = {
      name: randomUUID(),
      selector: '',
      exporterName: undefined,
      tags: {},
      context: {},
      notBefore: 0,
      begin: undefined,
      end: undefined,
      exporter: undefined,
      conditions: [],
      timer: undefined,
      ...wishes,
    }
    this.leases.set(lease.name, lease)
    this.#reconcileLater(lease)
    return lease
  }

  /** Writes a status, unless the cache has the same. A report that comes too soon after another one is lost so. */
  setStatus(exporter: KnownExporter, status: ExporterStatus): void {
    if (exporter.cachedStatus === status) return
    exporter.status = status
    setTimeout(() => (exporter.cachedStatus = status), cacheLagMs).unref()
    this.changed()
  }

  /** An exporter that comes back is not offline any more. Its status is empty until it reports another one. */
  comeOnline(exporter: KnownExporter): void {
    exporter.streams++
    if (exporter.cachedStatus === ExporterStatus.OFFLINE) this.setStatus(exporter, ExporterStatus.UNSPECIFIED)
    this.changed()
  }

  /** Looks again at all leases that wait. */
  changed(): void {
    for (const lease of this.leases.values()) if (lease.conditions.length > 0) this.#reconcile(lease)
  }

  /** Gives a lease that has not begun another time to begin. */
  postpone(lease: KnownLease, notBefore: number): void {
    lease.notBefore = notBefore
    this.#reconcileLater(lease)
  }

  /** Gives a lease another duration, from its beginning. */
  extend(lease: KnownLease, durationMs: number): void {
    lease.durationMs = durationMs
    if (lease.begin !== undefined) this.#expireInTime(lease, lease.begin)
  }

  /** Ends a lease; it may have ended. */
  release(lease: KnownLease, reason: 'Released' | 'Expired' = 'Released'): void {
    if (lease.end !== undefined) return
    this.#end(lease, { type: 'Ready', status: false, reason, message: `The lease was ${reason.toLowerCase()}` })
    const { exporter } = lease
    if (exporter === undefined) return
    exporter.lease = undefined
    this.events.emit('lease', exporter)
    this.changed()
  }

  /** Lets go of all timers. */
  close(): void {
    for (const { timer } of this.leases.values()) clearTimeout(timer)
  }

  #reconcileLater(lease: KnownLease): void {
    clearTimeout(lease.timer)
    const waitMs = Math.min(Math.max(reconcileMs, lease.notBefore - Date.now()), maxTimerMs)
    lease.timer = setTimeout(() => this.#reconcile(lease), waitMs)
  }

  #reconcile(lease: KnownLease): void {
    if (lease.end !== undefined || lease.exporter !== undefined) return
    let requirements: readonly Requirement[]
    try {
      requirements = parseSelector(lease.selector)
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      this.#end(lease, { type: 'Invalid', status: true, reason: 'InvalidSelector', message })
      return
    }
    const matching = [...this.exporters.values()].filter(({ name, labels }) => {
      return (lease.exporterName ?? name) === name && matchesSelector(labels, requirements)
    })
    if (matching.length === 0) {
      const message = 'While 0 exporters match the selector, none of them can be leased: 0 exporters'
      this.#end(lease, { type: 'Unsatisfiable', status: true, reason: 'NoAccess', message })
      return
    }
    const online = matching.filter(({ streams, reports }) => streams > 0 && reports.length > 0)
    const unleased = online.filter((exporter) => exporter.lease === undefined)
    const ready = unleased.find(({ status }) => isReadyToBeLeased(status))
    if (ready !== undefined) this.#assign(lease, ready)
    else if (online.length === 0) this.#pend(lease, 'Offline', `none of the ${matching.length} exporters is online`)
    else if (unleased.length === 0) this.#pend(lease, 'NotAvailable', `all ${online.length} exporters are leased`)
    else this.#pend(lease, 'NotReady', `none of the ${unleased.length} exporters is ready`)
  }

  #assign(lease: KnownLease, exporter: KnownExporter): void {
    lease.exporter = exporter
    exporter.lease = lease
    lease.conditions = [{ type: 'Ready', status: true, reason: 'Ready', message: 'An exporter has been acquired' }]
    // Kubernetes' times have whole seconds, so that a lease may be shorter than it was asked for by most of one.
    lease.begin = Math.floor(Date.now() / 1000) * 1000
    this.#expireInTime(lease, lease.begin)
    this.events.emit('lease', exporter)
  }

  #pend(lease: KnownLease, reason: string, message: string): void {
    lease.conditions = [{ type: 'Pending', status: true, reason, message }]
  }

  #expireInTime(lease: KnownLease, begin: number): void {
    clearTimeout(lease.timer)
    lease.timer = setTimeout(() => this.release(lease, 'Expired'), Math.max(0, begin + lease.durationMs - Date.now()))
  }

  #end(lease: KnownLease, condition: LeaseCondition): void {
    clearTimeout(lease.timer)
    lease.end = Date.now()
    lease.conditions = [condition]
  }
}

function isReadyToBeLeased(status: ExporterStatus): boolean {
  return status === ExporterStatus.UNSPECIFIED || status === ExporterStatus.AVAILABLE
}
