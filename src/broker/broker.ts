import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'

import { removeAbandonedFolders } from '../base/abandoned-folders.ts'
import { createWatchedFolder, type PrivateFolder } from '../base/private-folder.ts'
import { HardwareError } from '../errors.ts'
import type { RunEvent } from '../leases/run-event.ts'
import { type Choice, chooseSlots } from './choose-slots.ts'
import type { ExporterPool } from './exporter-pool.ts'
import { ExporterPools } from './exporter-pools.ts'
import type { ExporterSlot } from './exporter-slot.ts'
import { FileConnection, type FileListener } from './file-connection.ts'
import { type HardwareOfProcess, FileRequest } from './file-request.ts'
import type { LeaseRequest, RoleGrant, RoleRefusal } from './messages.ts'
import { explainBroken, explainMissing, holdersOf, type SettledExporters } from './missing-exporters.ts'

/** Options of {@link Broker}. */
export interface BrokerOptions {
  /** The folder that the paths of test files in messages are relative to. */
  readonly root: string
  /** Receives what happens to the hardware and to the files that use it. */
  readonly emit: (event: RunEvent) => void
  /**
   * The time for which exporters that no file uses are kept from other processes, in milliseconds (default: they are given back
   * at once).
   */
  readonly idleTimeoutMs?: number | undefined
}

/**
 * Grants the exporters of one run to its test files. Files wait in the order of their requests. A file gets all its roles at
 * once, and keeps them until its connection closes.
 */
export class Broker {
  readonly #options: BrokerOptions
  readonly #pools: ExporterPools
  /** The files that wait for slots, oldest first. */
  readonly #queue: FileRequest[] = []
  /** The files whose requests have not ended. */
  readonly #requests = new Set<FileRequest>()
  /** The reports of workers that have ended without a release. */
  readonly #exitReports = new Set<Promise<void>>()
  /** What processes had whose connections have closed in the middle of a file. An exit may be told later than its connection. */
  readonly #abandoned = new Map<number, HardwareOfProcess>()
  readonly #folder: Promise<PrivateFolder>
  #isCancelled = false
  #isClosed = false
  #server: Server | undefined

  /**
   * Begins to start the exporters.
   *
   * @param pools the sources of exporters. A role gets an exporter of an earlier pool if one fits
   */
  constructor(pools: readonly ExporterPool[], options: BrokerOptions) {
    this.#options = options
    this.#pools = new ExporterPools(pools)
    this.#folder = createWatchedFolder()
    const { emit, idleTimeoutMs } = options
    this.#pools.open({ folder: this.#folder, emit, idleTimeoutMs, changed: () => this.#grantWaiting() })
  }

  /** The exporters, when all have started or failed. Stays pending if the run ends before. */
  get settled(): Promise<SettledExporters> {
    return this.#pools.whenSettled
  }

  /** Begins to listen. @returns the path of its socket */
  async listen(): Promise<string> {
    removeAbandonedFolders().catch(() => undefined)
    const path = join((await this.#folder).path, 'broker.sock')
    const accept = (socket: Socket) =>
      new FileConnection(socket, (request, connection) => this.#receive(request, connection))
    const server = createServer(accept)
    this.#server = server
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve))
    return path
  }

  /** Cancels the run: refuses files that wait, until {@link Broker.resume}, and tells the others. */
  cancel(): void {
    this.#isCancelled = true
    for (const file of this.#requests) this.#cancel(file)
  }

  /** Accepts files again, because another run begins. */
  resume(): void {
    this.#isCancelled = false
  }

  /** Tells an event to the files that it concerns, for their recordings. */
  tell(event: RunEvent): void {
    for (const file of this.#requests) file.tell(event)
  }

  /** The file that a process runs, and the hardware that the file has; `undefined` if it runs none with hardware. */
  hardwareOf(pid: number): HardwareOfProcess | undefined {
    const running = [...this.#requests].find(({ request, ended }) => request.pid === pid && !ended)
    return running?.hardware ?? this.#abandoned.get(pid)
  }

  /** Waits until the exits of all workers that have ended so far are reported. */
  async workerExitsReported(): Promise<void> {
    await Promise.all(this.#exitReports)
  }

  /** Refuses new files, ends all leases and stops the exporters. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#server?.close()
    // An exporter can report its last calls only while it runs.
    await this.workerExitsReported()
    const problems = await this.#pools.close()
    await (await this.#folder).remove()
    if (problems.length > 0) throw new HardwareError('CLEANUP_FAILED', problems.join('; '))
  }

  #receive(request: LeaseRequest, connection: FileConnection): FileListener {
    const { root, emit } = this.#options
    const file = new FileRequest({
      connection,
      request,
      root,
      emit,
      // The holder may wait for exporters that this run keeps without using them.
      blocked: () => this.#pools.slots.forEach((slot) => slot.freeIfIdle()),
    })
    this.#requests.add(file)
    this.#queue.push(file)
    if (this.#isCancelled) this.#cancel(file)
    this.#grantWaiting()
    return {
      retry: (retry) => file.retry(retry),
      release: () => this.#end(file),
      closed: () => void this.#abandon(file),
    }
  }

  /**
   * Grants exporters to the files that wait, oldest first. A role is impossible only if no exporter is still starting.
   *
   * Keep this synchronous: no slot, no file and no pool may change between two steps.
   */
  #grantWaiting(): void {
    const reserved = new Set<ExporterSlot>()
    for (const file of [...this.#queue]) {
      // 1. Choose a free slot for each role.
      const { wanted, allocation } = chooseSlots(file, {
        slots: this.#pools.slots,
        settled: this.#pools.settled,
        reserved,
      })
      // 2. A file that has to wait keeps its part, so that files that need less do not overtake it forever.
      if (allocation.size < wanted.size) {
        for (const slot of allocation.values()) reserved.add(slot)
        this.#reportHolder(file, wanted)
        continue
      }
      // 3. The file leaves the queue.
      this.#queue.splice(this.#queue.indexOf(file), 1)
      // 4. Pools make slots for the roles that no slot fits.
      const complete = this.#pools.addNewSlots(file.request, allocation)
      // 5. The file holds its slots, and no other file gets them.
      file.leases.take(complete)
      // 6. The leases begin in the background.
      file.grant(() => this.#grant(file))
    }
  }

  async #grant(file: FileRequest): Promise<void> {
    const { grants, failures, heldByOtherProcess } = await file.leases.lease()
    for (const { role, slot, error, isFinal } of failures) {
      const { code, origin, message, details } = error
      file.addRefusal(role, { granted: false, code, origin, message, details })
      if (!isFinal && !file.ended) slot.pool.leaseFailed(slot, message)
    }
    if (file.ended) return
    if (heldByOtherProcess || failures.some(({ isFinal }) => !isFinal)) {
      // The file cannot use some of its exporters without the others, and other processes may be waiting for them.
      await file.leases.release(() => true)
      if (!file.ended) this.#queue.unshift(file)
      this.#grantWaiting()
      return
    }
    const roles = Object.keys(file.request.roles)
    file.decide(
      Object.fromEntries(roles.map((role): [string, RoleGrant] => [role, grants[role] ?? this.#refuse(file, role)])),
    )
  }

  #refuse(file: FileRequest, role: string): RoleRefusal {
    const refusal = file.refusalOf(role)
    if (refusal !== undefined && refusal.code !== 'NO_EXPORTER') return refusal
    const { slots, failures } = this.#pools
    const details = { role }
    if (failures.length > 0) {
      const reasons = [...failures.map(({ sentence }) => sentence), ...(refusal === undefined ? [] : [refusal.message])]
      return { granted: false, code: 'SETUP_BROKEN', message: explainBroken(reasons), details }
    }
    if (refusal !== undefined) return refusal
    const message = explainMissing(role, file.request.roles[role] ?? '', slots, [])
    return { granted: false, code: 'NO_EXPORTER', message, details }
  }

  #reportHolder(file: FileRequest, wanted: Choice['wanted']): void {
    file.wait(this.#pools.settled ? { type: 'held', roles: holdersOf(wanted, file) } : { type: 'starting' })
  }

  #cancel(file: FileRequest): void {
    const isRefused = file.isWaiting
    file.cancel()
    if (isRefused) void this.#end(file)
  }

  /** The connection of a file has closed: after its leases, or because its worker has ended. */
  async #abandon(file: FileRequest): Promise<void> {
    const { pid } = file.request
    if (!file.ended && pid !== undefined) this.#abandoned.set(pid, file.hardware)
    if (!this.#isCancelled && !this.#isClosed) {
      const reported = this.#reportWorkerExit(file)
      this.#exitReports.add(reported)
      await reported
      this.#exitReports.delete(reported)
    }
    await this.#end(file)
  }

  /** Vitest reports the file of a worker that has ended, but not what the worker did. */
  async #reportWorkerExit(file: FileRequest): Promise<void> {
    const during = await file.unfinishedWork()
    if (during !== undefined) this.#options.emit({ type: 'workerExited', file: file.name, during })
  }

  /** @returns the problems of the clean-up */
  async #end(file: FileRequest): Promise<readonly string[]> {
    this.#requests.delete(file)
    const place = this.#queue.indexOf(file)
    if (place >= 0) this.#queue.splice(place, 1)
    const problems = await file.end(() => [...this.#requests].some(({ leases }) => leases.reservations.isPending))
    this.#grantWaiting()
    return problems
  }
}
