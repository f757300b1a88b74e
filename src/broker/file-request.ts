import { relative } from 'node:path'

import { now, startTimer, stopTimer, wallClock } from '../base/clock.ts'
import { describeFileWait } from '../leases/describe-event.ts'
import type { ExporterUser } from '../leases/lease.ts'
import type { FileWait, RunEvent, UnfinishedWork } from '../leases/run-event.ts'
import type { ExporterSlot } from './exporter-slot.ts'
import type { FileConnection } from './file-connection.ts'
import { FileLeases } from './file-leases.ts'
import { plainEvent } from './plain-event.ts'
import type { LeaseRequest, RoleGrant, RoleRefusal, TestRetry } from './messages.ts'

/** The wait after which people who watch the run are told, in milliseconds. */
const noticeAfterMs = 10_000
/** The same if another process or another client has the exporter, which people do not expect. */
const blockedNoticeAfterMs = 1_000

/** Options of {@link FileRequest}. */
export interface FileRequestOptions {
  readonly connection: FileConnection
  readonly request: LeaseRequest
  /** The folder that paths in messages are relative to. */
  readonly root: string
  readonly emit: (event: RunEvent) => void
  /** Called when other processes, or other clients of a controller, make the file wait. */
  readonly blocked: () => void
}

/** A test file that has hardware, and the process that runs it. */
export interface HardwareOfProcess {
  /** The full path of the test file. */
  readonly file: string
  /** The name of its project in Vitest. */
  readonly project: string
  /** The names of the exporters, by role. */
  readonly exporters: Readonly<Record<string, string>>
}

/** The request of one test file: its roles, the reason why it waits, and its leases. */
export class FileRequest {
  /** The path of the test file relative to the root. */
  readonly name: string
  readonly request: LeaseRequest
  readonly leases: FileLeases
  readonly #options: FileRequestOptions
  readonly #askedAt = now()
  readonly #notice: NodeJS.Timeout
  /** The reason why roles could not be leased. */
  readonly #refusals = new Map<string, RoleRefusal>()
  /** `undefined` when the request is decided. */
  #waitingFor: FileWait | undefined
  #granting: Promise<void> | undefined
  #ending: Promise<readonly string[]> | undefined

  constructor(options: FileRequestOptions) {
    const { connection, request, root, emit, blocked } = options
    this.#options = options
    this.request = request
    this.name = relative(root, request.file)
    this.leases = new FileLeases({
      name: this.name,
      request,
      emit,
      waiting: (wait) => this.wait(wait),
      blocked: () => {
        this.#noticeSoon()
        blocked()
      },
      lost: (slot, { code, origin, message }) => {
        connection.send({ type: 'lost', exporter: slot.name, code, origin, message })
        slot.pool.exporterFailed(slot, message)
      },
    })
    this.#notice = startTimer(() => this.#noticeWait(), noticeAfterMs).unref()
    this.wait({ type: 'starting' })
  }

  /** True until the file knows which roles it gets. */
  get isWaiting(): boolean {
    return this.#waitingFor !== undefined
  }

  /** True when the file has given its leases back, or its worker has ended. */
  get ended(): boolean {
    return this.leases.ended
  }

  /** The file and its hardware, for the case that its process ends. */
  get hardware(): HardwareOfProcess {
    const { file, project = '' } = this.request
    return { file, project, exporters: this.leases.exporters }
  }

  /** The process that held an exporter when the file asked for it. */
  otherProcessHolding(slot: ExporterSlot): ExporterUser | undefined {
    return this.leases.reservations.otherProcessHolding(slot)
  }

  /** Sends and reports the reason why the file waits, if it is new. */
  wait(wait: FileWait): void {
    const message = describeFileWait(wait)
    if (this.#waitingFor !== undefined && message === describeFileWait(this.#waitingFor)) return
    this.#waitingFor = wait
    this.#options.connection.send({ type: 'waiting', message })
    this.#options.emit({ type: 'waiting', file: this.name, for: wait, waitedMs: this.#waitedMs })
  }

  /** Sends an event to the file, if it is about the file, its exporters, or the whole run. */
  tell(event: RunEvent): void {
    if ('file' in event && event.file !== this.name) return
    if (!('file' in event) && 'exporter' in event && !this.#uses(event.exporter)) return
    this.#options.connection.send({ type: 'event', at: wallClock(), event: plainEvent(event) })
  }

  #uses(exporter: string): boolean {
    return Object.values(this.leases.exporters).includes(exporter)
  }

  /** Runs the grant of the leases in the background. {@link FileRequest.end} waits for it. */
  grant(run: () => Promise<void>): void {
    this.#granting = run()
  }

  /** Notes why a role could not be leased. */
  addRefusal(role: string, refusal: RoleRefusal): void {
    this.#refusals.set(role, refusal)
  }

  /** The reason why a role could not be leased, if that was tried. */
  refusalOf(role: string): RoleRefusal | undefined {
    return this.#refusals.get(role)
  }

  /** Sends the grants and refusals of all roles. */
  decide(roles: Readonly<Record<string, RoleGrant>>): void {
    const { connection, emit } = this.#options
    this.#waitingFor = undefined
    stopTimer(this.#notice)
    if (this.ended) return
    connection.send({ type: 'decided', roles, releaseTimeoutMs: this.leases.releaseTimeoutMs })
    const exporters: Record<string, string> = {}
    for (const [role, grant] of Object.entries(roles)) {
      if (grant.granted) exporters[role] = grant.exporter
      else emit({ type: 'refused', file: this.name, role, code: grant.code, message: grant.message })
    }
    if (Object.keys(exporters).length === 0) return
    emit({ type: 'leased', file: this.name, exporters, waitedMs: this.#waitedMs })
  }

  /** Tells the file that the run is cancelled. A file that waits gets no exporters. */
  cancel(): void {
    this.#options.connection.send({ type: 'cancelled' })
    if (this.#waitingFor === undefined) return
    const message = `The run was cancelled while the file waited: ${describeFileWait(this.#waitingFor)}`
    const refused = Object.keys(this.request.roles).map((role): [string, RoleRefusal] => {
      return [role, { granted: false, code: 'LEASE_LOST', message }]
    })
    this.decide(Object.fromEntries(refused))
  }

  /** Reports that a test of the file is tried again. */
  retry({ test, exporters, code, message }: TestRetry): void {
    this.#options.emit({ type: 'retried', file: this.name, test, exporters, code, message })
  }

  /**
   * Gives back everything that the file has, or is just getting. May be called again.
   *
   * @param isWanted asked for each exporter: true if other processes may be waiting for one
   * @returns the problems of the clean-up
   */
  end(isWanted: () => boolean): Promise<readonly string[]> {
    this.#ending ??= this.#end(isWanted)
    return this.#ending
  }

  /** The work that the worker left; `undefined` if it had finished its work. */
  async unfinishedWork(): Promise<UnfinishedWork | undefined> {
    if (this.#waitingFor === undefined) return this.leases.unfinishedWork()
    return this.ended ? undefined : { type: 'waiting', for: this.#waitingFor }
  }

  async #end(isWanted: () => boolean): Promise<readonly string[]> {
    stopTimer(this.#notice)
    this.leases.end()
    await this.#granting
    const problems = await this.leases.release(isWanted)
    for (const [slot, problem] of problems) slot.pool.exporterFailed(slot, problem)
    const { heldMs } = this.leases
    if (heldMs !== undefined) this.#options.emit({ type: 'released', file: this.name, heldMs })
    return Array.from(problems, ([{ name }, problem]) => `exporter ${name}: ${problem}`)
  }

  get #waitedMs(): number {
    return now() - this.#askedAt
  }

  #noticeSoon(): void {
    const wait = this.#waitingFor
    const notice = () => {
      if (this.#waitingFor === wait) this.#noticeWait()
    }
    startTimer(notice, blockedNoticeAfterMs).unref()
  }

  #noticeWait(): void {
    if (this.#waitingFor === undefined) return
    this.#options.emit({ type: 'waitingLong', file: this.name, for: this.#waitingFor, waitedMs: this.#waitedMs })
  }
}
