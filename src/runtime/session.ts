import { EventEmitter } from 'node:events'
import { randomUUID } from 'node:crypto'

import { HardwareError, messageOf } from '../errors.ts'
import type { ExporterReport, ExporterState, ExporterStatusName } from '../protocol/channel.ts'
import { Activity } from './activity.ts'
import { callSignal, currentCall } from './call.ts'
import { attachDriver, type Driver, interfaceOf } from './driver.ts'
import { LogBroadcast } from './log-broadcast.ts'
import { ResourceTable } from './resource-table.ts'
import { makeSafe, type SafeCall } from './safe-state.ts'
import { describePlace, driverPaths, walkTree } from './tree.ts'
import { withTimeLimit } from '../time-limit.ts'

/** In which states drivers may be used. */
const readyStatuses: ReadonlySet<ExporterStatusName> = new Set(['LEASE_READY', 'BEFORE_LEASE_HOOK', 'AFTER_LEASE_HOOK'])

/** What {@link Session} takes besides its drivers. */
export interface SessionOptions {
  /** Labels of the exporter. */
  readonly labels?: Readonly<Record<string, string>>
  /** What is called at the end, before the drivers are closed (default: nothing). */
  readonly safe?: readonly SafeCall[]
  /** The longest that resetting, and closing, one driver may take, in milliseconds (default 15 000). */
  readonly driverTimeoutMs?: number
}

/**
 * One use of a tree of drivers, from the reset at its start to the close at its end. Drivers keep their state in
 * between, however many clients connect.
 */
export class Session {
  readonly uuid: string = randomUUID()
  readonly root: Driver
  readonly labels: Readonly<Record<string, string>>
  readonly log = new LogBroadcast()
  readonly resources = new ResourceTable()
  readonly activity: Activity
  /** Emits `state` after every change of {@link Session.state}, and `end` when a client has no more use for it. */
  readonly events = new EventEmitter<{ state: [ExporterState]; end: [] }>()
  readonly #drivers = new Map<string, Driver>()
  readonly #driverTimeoutMs: number
  readonly #safe: readonly SafeCall[]
  #state: ExporterState = { status: 'AVAILABLE', message: undefined, version: 0, previous: undefined }
  #closing: Promise<void> | undefined

  /** @throws HardwareError EXPORTER_FAILED for a driver without an interface, or one that contains itself */
  constructor(root: Driver, options: SessionOptions = {}) {
    this.root = root
    this.activity = new Activity(root)
    this.labels = options.labels ?? {}
    this.#driverTimeoutMs = options.driverTimeoutMs ?? 15_000
    this.#safe = options.safe ?? []
    for (const { driver } of walkTree(root)) {
      interfaceOf(driver)
      this.#drivers.set(driver.uuid, driver)
    }
    for (const driver of this.#drivers.values()) {
      attachDriver(driver, {
        log: (entry) => this.log.write(entry),
        openResource: async (owner, handle) => {
          const file = await this.resources.open(owner.uuid, handle, callSignal())
          // A driver that does not read it now learns of its failure when it does.
          file.on('error', () => undefined)
          currentCall()?.addFile(file)
          return file
        },
      })
    }
  }

  get state(): ExporterState {
    return this.#state
  }

  /** Changes the state that clients see. */
  setStatus(status: ExporterStatusName, message?: string): void {
    const { status: previous, version } = this.#state
    this.#state = { status, message, version: version + 1, previous }
    this.events.emit('state', this.#state)
  }

  /**
   * A client has no more use for the lease.
   *
   * @returns false where nobody ends it for that, as it is not a controller's
   */
  requestEnd(): boolean {
    return this.events.emit('end')
  }

  /** @throws HardwareError NOT_READY while drivers may not be used */
  requireReady(): void {
    if (!readyStatuses.has(this.#state.status)) {
      throw new HardwareError('NOT_READY', `Exporter not ready for driver calls (status: ${this.#state.status})`)
    }
  }

  /** @throws HardwareError METHOD_NOT_FOUND when there is no such driver */
  driver(uuid: string): Driver {
    const driver = this.#drivers.get(uuid.toLowerCase())
    if (driver === undefined) throw new HardwareError('METHOD_NOT_FOUND', `driver ${uuid} not found in this session`)
    return driver
  }

  /** The tree, parents before their children. A driver under two parents is reported under each. */
  report(): ExporterReport {
    return { uuid: this.uuid, labels: this.labels, drivers: Array.from(walkTree(this.root), describePlace) }
  }

  /**
   * Resets every driver, parents before their children, and lets clients use them.
   *
   * @param status what clients are told then
   * @param signal ends the wait for the drivers
   */
  async start(status: 'LEASE_READY' | 'BEFORE_LEASE_HOOK' = 'LEASE_READY', signal?: AbortSignal): Promise<void> {
    for (const driver of this.#drivers.values()) {
      const limit = { name: `reset of ${this.#nameOf(driver)}`, timeoutMs: this.#driverTimeoutMs, signal }
      await withTimeLimit(limit, async () => driver.reset())
    }
    this.setStatus(status)
  }

  /**
   * Brings the devices to their safe state, and closes every driver, children before their parents, also when one fails.
   *
   * @throws AggregateError with all failures
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** Its place in the tree, and its class. */
  #nameOf(driver: Driver): string {
    const path = driverPaths(this.root).get(driver)
    const { name } = driver.constructor
    return path === undefined || path === '' ? name : `${path} (${name})`
  }

  async #close(): Promise<void> {
    this.setStatus('OFFLINE')
    const errors = await makeSafe(this.#safe)
    for (const driver of [...this.#drivers.values()].toReversed()) {
      const limit = { name: `close of ${this.#nameOf(driver)}`, timeoutMs: this.#driverTimeoutMs }
      await withTimeLimit(limit, async () => driver.close()).catch((error: unknown) => {
        errors.push(new HardwareError('CLEANUP_FAILED', `${limit.name}: ${messageOf(error)}`, { cause: error }))
      })
    }
    this.log.close()
    if (errors.length > 0) throw new AggregateError(errors, errors.map(messageOf).join('; '))
  }
}
