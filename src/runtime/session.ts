import { randomUUID } from 'node:crypto'
import { EventEmitter } from 'node:events'

import { childEnvironment } from '../base/child-environment.ts'
import { Cleanups } from '../base/cleanups.ts'
import { type TimeLimit, withTimeLimit } from '../base/time-limit.ts'
import { HardwareError, messageOf } from '../errors.ts'
import type { ExporterReport, ExporterState, ExporterStatusName } from '../protocol/exporter.ts'
import { AddressGuard } from './address-guard.ts'
import { Call, callSignal, currentCall } from './call.ts'
import { closeDriver } from './close-driver.ts'
import { attachDriver, type Driver, interfaceOf } from './driver.ts'
import { describePlace, driverPaths, ownerAt, walkTree } from './driver-tree.ts'
import { LogBroadcast } from './log-broadcast.ts'
import { ResourceTable } from './resource-table.ts'
import { addSafeCalls, type SafeCall } from './safe-state.ts'
import { SessionActivity } from './session-activity.ts'
import { watchSession } from './stray-errors.ts'

/** Options of {@link Session}. */
export interface SessionOptions {
  /** The labels of the exporter. */
  readonly labels?: Readonly<Record<string, string>>
  /** The calls at the end, before the drivers are closed (default: none). */
  readonly safe?: readonly SafeCall[]
  /** The variables of this process for programs of drivers, in addition to the usual ones (default: none). */
  readonly environment?: readonly string[] | undefined
  /** The guarded addresses and subnets that presigned requests may go to (default: none); see {@link AddressGuard}. */
  readonly presignedAddresses?: readonly string[] | undefined
  /** Clients get the files and lines of errors (default: the clients of unix sockets, which are on this machine). */
  readonly errorStacks?: boolean | undefined
  /** A message for people who lease the exporter (default: none). */
  readonly motd?: string | undefined
  /** The longest time that resetting one driver may take, and closing it, in milliseconds (default 15 000). */
  readonly driverTimeoutMs?: number
}

/**
 * One use of a tree of drivers, from their reset at the start to their close at the end. Drivers keep their state in between, for
 * any number of clients.
 */
export class Session {
  readonly uuid: string = randomUUID()
  readonly root: Driver
  readonly labels: Readonly<Record<string, string>>
  /** See {@link SessionOptions.errorStacks}. */
  readonly errorStacks: boolean | undefined
  readonly log = new LogBroadcast()
  readonly resources: ResourceTable
  readonly activity = new SessionActivity()
  /** Emits `state` after every change of {@link Session.state}, and `end` when a client ends the lease. */
  readonly events = new EventEmitter<{ state: [ExporterState]; end: [] }>()
  readonly #drivers = new Map<string, Driver>()
  readonly #paths: ReadonlyMap<Driver, string>
  readonly #driverTimeoutMs: number
  readonly #motd: string | undefined
  readonly #safe: readonly SafeCall[]
  #state: ExporterState = { status: 'AVAILABLE', message: undefined, version: 0, previous: undefined }
  #closing: Promise<void> | undefined
  #unwatch = () => undefined as void
  readonly #failure = new AbortController()
  #failing: Promise<void> | undefined
  #interruption = new AbortController()
  #makingSafe: Promise<void> | undefined

  /** @throws HardwareError EXPORTER_FAILED for a driver without an interface, or a driver that contains itself */
  constructor(root: Driver, options: SessionOptions = {}) {
    this.root = root
    this.resources = new ResourceTable(new AddressGuard(options.presignedAddresses ?? []))
    this.labels = options.labels ?? {}
    this.errorStacks = options.errorStacks
    this.#motd = options.motd
    this.#driverTimeoutMs = options.driverTimeoutMs ?? 15_000
    this.#safe = options.safe ?? []
    for (const { driver } of walkTree(root)) {
      interfaceOf(driver)
      this.#drivers.set(driver.uuid, driver)
    }
    this.#paths = driverPaths(root)
    for (const driver of this.#drivers.values()) {
      attachDriver(driver, {
        log: (entry) => this.log.write(entry),
        childEnvironment: () => childEnvironment(options.environment),
        openResource: async (owner, handle) => {
          const file = await this.resources.open(owner.uuid, handle, callSignal())
          // A driver that reads the file later gets the error then.
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

  /** Aborted by {@link Session.fail}, with its error. */
  get failed(): AbortSignal {
    return this.#failure.signal
  }

  /** Aborted by the next {@link Session.makeSafe}, with its reason. */
  get interrupted(): AbortSignal {
    return this.#interruption.signal
  }

  /** True if the driver belongs to this session. */
  has(driver: object): boolean {
    return this.#paths.has(driver as Driver)
  }

  /** Changes the state that clients see. */
  setStatus(status: ExporterStatusName, message?: string): void {
    const { status: previous, version } = this.#state
    this.#state = { status, message, version: version + 1, previous }
    this.events.emit('state', this.#state)
  }

  /** Ends the lease, for a client. @returns false if no controller has given the lease, so that nobody listens */
  requestEnd(): boolean {
    return this.events.emit('end')
  }

  /** Finds a driver. @throws HardwareError METHOD_NOT_FOUND when this session has no such driver */
  driver(uuid: string): Driver {
    const driver = this.#drivers.get(uuid.toLowerCase())
    if (driver === undefined) throw new HardwareError('METHOD_NOT_FOUND', `driver ${uuid} not found in this session`)
    return driver
  }

  /** A driver's place in the tree: `board.power`; empty for the root. */
  pathOf(driver: Driver): string {
    return this.#paths.get(driver) ?? ''
  }

  /** Reports the tree, parents before their children. A driver with two parents is reported under each. */
  report(): ExporterReport {
    const drivers = Array.from(walkTree(this.root), describePlace)
    return { uuid: this.uuid, labels: this.labels, drivers, motd: this.#motd }
  }

  /**
   * Resets every driver, parents before their children, and lets clients use them.
   *
   * @param status the state after the reset
   * @param signal ends the wait for the drivers
   */
  async start(status: 'LEASE_READY' | 'BEFORE_LEASE_HOOK' = 'LEASE_READY', signal?: AbortSignal): Promise<void> {
    this.#unwatch = watchSession(this)
    for (const driver of this.#drivers.values()) {
      await withTimeLimit({ ...this.#limit('reset', driver), signal }, (ended) => this.#run(driver, 'reset', ended))
      this.failed.throwIfAborted()
    }
    this.setStatus(status)
  }

  /**
   * Takes the devices from the clients, and brings them to their safe state: calls that run and all later ones end with the error.
   * Only the hook after the lease may use the drivers still. The session has to be closed as always. May be called again.
   */
  fail(error: HardwareError): Promise<void> {
    this.#failing ??= this.#fail(error)
    return this.#failing
  }

  async #fail(error: HardwareError): Promise<void> {
    // A session that closes is about to make its devices safe.
    if (this.#closing !== undefined) return
    this.setStatus('OFFLINE', error.message)
    this.log.write({ severity: 'ERROR', source: 'SYSTEM', message: error.message })
    this.#failure.abort(error)
    const cleanups = new Cleanups()
    addSafeCalls(cleanups, this.#safe)
    // The end of the session makes the same calls, and reports their failures.
    await cleanups.run().catch(() => undefined)
  }

  /**
   * Ends the calls and streams of clients, and brings the devices to their safe state. The session goes on. Does nothing in a
   * session that is not ready, has failed, or closes: those make their devices safe themselves.
   *
   * @param reason the error of the calls that are under way
   * @throws AggregateError with all failures, which are also in the log
   */
  async makeSafe(reason: HardwareError): Promise<void> {
    if (this.#state.status !== 'LEASE_READY') return
    const interruption = this.#interruption
    this.#interruption = new AbortController()
    interruption.abort(reason)
    const cleanups = new Cleanups()
    addSafeCalls(cleanups, this.#safe)
    this.#makingSafe = cleanups.run()
    await this.#makingSafe.catch((error: unknown) => {
      this.log.write({ severity: 'ERROR', source: 'SYSTEM', message: messageOf(error) })
      throw error
    })
  }

  /** Runs a method of a driver that no client has called. @param ended is the signal of the call */
  async #run(driver: Driver, method: 'reset' | 'close', ended?: AbortSignal): Promise<void> {
    const call = new Call(ownerAt(driver, this.pathOf(driver)), ended)
    try {
      await call.run(() => driver[method]())
    } finally {
      call.end()
    }
  }

  /**
   * Brings the devices to their safe state, and closes every driver, children before their parents. A failure stops none of it.
   * May be called again.
   *
   * @throws AggregateError with all failures
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.setStatus('OFFLINE')
    // Its failures are in the log; the calls of the end come again.
    await this.#makingSafe?.catch(() => undefined)
    const cleanups = new Cleanups()
    cleanups.add('end of the log', () => this.log.close())
    for (const driver of this.#drivers.values()) {
      const limit = this.#limit('close', driver)
      cleanups.add(limit.name, () => closeDriver(limit, () => this.#run(driver, 'close')), 'self-limited')
    }
    addSafeCalls(cleanups, this.#safe)
    this.#unwatch()
    await cleanups.run().catch((error: unknown) => {
      throw error instanceof AggregateError ? error : new AggregateError([error], messageOf(error))
    })
  }

  #limit(work: 'reset' | 'close', driver: Driver): TimeLimit {
    const { name, path } = ownerAt(driver, this.pathOf(driver))
    return { name: `${work} of ${name}`, timeoutMs: this.#driverTimeoutMs, details: { driver: path } }
  }
}
