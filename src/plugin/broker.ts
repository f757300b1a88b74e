import { createServer, type Server, type Socket } from 'node:net'
import { join, relative } from 'node:path'

import { removeAbandonedFolders } from '../abandoned-folders.ts'
import { HardwareError, messageOf } from '../errors.ts'
import type { LeasableExporter } from '../leases/lease.ts'
import { readMessages, writeMessage } from '../leases/message-stream.ts'
import { createWatchedFolder, type PrivateFolder } from '../private-folder.ts'
import { chooseSlots } from './choose-slots.ts'
import { describeHolders, explainMissing, type SettledExporters } from './explain.ts'
import type { FromBroker, RoleGrant, ToBroker } from './context.ts'
import { ExporterSlots, type ExporterSource, type Slot } from './exporter-slots.ts'
import type { OfController } from './exporter-sources.ts'
import { FileRequest } from './file-request.ts'

const stillStarting = 'the exporters are still starting'

/** After how long a file's wait is told to whoever watches the run, in milliseconds. */
const patienceMs = 10_000
/** The same where another process has what it needs. */
const foreignPatienceMs = 1_000

/** What a {@link Broker} takes besides the exporters. */
export interface BrokerOptions {
  /** What the paths of test files are shown relative to. */
  readonly root: string
  /** Tells whoever watches the run what happens. */
  readonly print: (line: string) => void
  /** Tells what is to be in the report of the run, too. */
  readonly note: (line: string) => void
  /** Is told how long a file has kept others from what it had, in milliseconds. */
  readonly held: (file: string, ms: number) => void
  /** Gives whatever exporter of a controller a selector picks, where there is a controller. */
  readonly ofController?: OfController | undefined
  /** How long exporters that no file uses are kept from other processes, in milliseconds (default not at all). */
  readonly idleTimeoutMs?: number
}

/**
 * Grants the exporters of one run to its test files. Files wait in the order they came; a file gets all it asks for at
 * once, and keeps it until its connection closes.
 */
export class Broker {
  readonly #options: BrokerOptions
  readonly #slots: ExporterSlots
  readonly #queue: FileRequest[] = []
  /** All that have not ended. */
  readonly #requests = new Set<FileRequest>()
  /** What workers that have died were doing is being asked for. */
  readonly #deaths = new Set<Promise<void>>()
  /** What files have of a controller, or wait for. */
  readonly #ofController = new Set<LeasableExporter>()
  #isCancelled = false
  #isClosed = false
  #server: Server | undefined
  readonly #folder: Promise<PrivateFolder>

  /** Begins to start the exporters. */
  constructor(sources: readonly ExporterSource[], options: BrokerOptions) {
    this.#options = options
    this.#folder = createWatchedFolder()
    this.#slots = new ExporterSlots(sources, this.#folder, options.note, () => this.#grantWhatCanBe())
  }

  /** The exporters, when all have started or failed; never where the run ends before. */
  get settled(): Promise<SettledExporters> {
    return this.#slots.whenSettled
  }

  /** Begins to listen. @returns the path of its socket */
  async listen(): Promise<string> {
    removeAbandonedFolders().catch(() => undefined)
    const path = join((await this.#folder).path, 'broker.sock')
    const server = createServer((socket) => this.#accept(socket))
    this.#server = server
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve))
    return path
  }

  /** The run is cancelled: who waits is refused at once, until {@link Broker.resume}, and the others are told. */
  cancel(): void {
    this.#isCancelled = true
    for (const file of this.#requests) {
      if (file.waitingFor === undefined) file.send({ type: 'cancelled' })
      else this.#refuse(file)
    }
  }

  /** Another run begins. */
  resume(): void {
    this.#isCancelled = false
  }

  /** Waits until what is known of the workers that have died so far is told. */
  async toldOfDeaths(): Promise<void> {
    await Promise.all(this.#deaths)
  }

  /** Refuses new files, ends all leases and stops the exporters. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#server?.close()
    // Only while it runs can an exporter say what was done with it.
    await this.toldOfDeaths()
    const ofController = await Promise.allSettled(Array.from(this.#ofController, (exporter) => exporter.close()))
    const failed = ofController.flatMap((end) => (end.status === 'rejected' ? messageOf(end.reason) : []))
    const problems = [...failed, ...(await this.#slots.close())]
    await (await this.#folder).remove()
    if (problems.length > 0) throw new HardwareError('CLEANUP_FAILED', problems.join('; '))
  }

  #accept(socket: Socket): void {
    let held: FileRequest | undefined
    const patience = setTimeout(() => {
      if (held?.waitingFor !== undefined) this.#options.print(`${held.request.file} waits: ${held.waitingFor}`)
    }, patienceMs)
    socket.on('error', () => undefined)
    socket.on('close', () => {
      clearTimeout(patience)
      if (held !== undefined) void this.#abandon(held)
    })
    readMessages<ToBroker>(socket, (message) => {
      if (message.type === 'acquire' && held === undefined) {
        held = new FileRequest(socket, { ...message, file: relative(this.#options.root, message.file) }, message.file)
        held.wait(stillStarting)
        this.#requests.add(held)
        this.#queue.push(held)
        if (this.#isCancelled) this.#refuse(held)
        this.#grantWhatCanBe()
      } else if (message.type === 'retry' && held !== undefined) {
        const { test, exporters, message: why } = message
        this.#options.note(
          `${held.request.file} > ${test} is tried again; on ${exporters.join(', ')} it failed: ${why}`,
        )
      } else if (message.type === 'release' && held !== undefined) {
        const answer = (problems: readonly string[]) => {
          if (socket.writable) writeMessage(socket, { type: 'released', problems } satisfies FromBroker)
        }
        void this.#end(held).then(answer)
      }
    })
  }

  /**
   * Looks at all who wait, oldest first. One that cannot have all it asks for yet keeps what is free for itself. Nothing
   * is impossible before all exporters have started, or failed to.
   */
  #grantWhatCanBe(): void {
    const reserved = new Set<Slot>()
    for (const waiting of [...this.#queue]) {
      const { wanted, allocation } = chooseSlots(waiting, this.#slots, reserved)
      if (allocation.size < wanted.size) {
        for (const slot of allocation.values()) reserved.add(slot)
        waiting.wait(
          this.#slots.settled ? describeHolders(wanted, (slot) => waiting.holderElsewhere(slot)) : stillStarting,
        )
      } else {
        this.#queue.splice(this.#queue.indexOf(waiting), 1)
        for (const slot of allocation.values()) slot.holder = waiting
        this.#addOfController(waiting, allocation)
        waiting.granting = this.#grant(waiting, allocation)
      }
    }
  }

  /** What none of the run's own exporters is, a controller may have. */
  #addOfController(file: FileRequest, allocation: Map<string, Slot>): void {
    const { ofController } = this.#options
    const { roles } = file.request
    if (ofController === undefined) return
    for (const [role, selector] of Object.entries(roles)) {
      if (allocation.has(role)) continue
      const { lease } = ofController
      const exporter = ofController.exporter(selector)
      const slot: Slot = {
        exporter,
        place: Number.MAX_SAFE_INTEGER,
        holder: file,
        failures: 0,
        idle: undefined,
        ofController: lease,
      }
      if (lease === 'run') this.#slots.add(slot)
      allocation.set(role, slot)
      this.#ofController.add(exporter)
    }
  }

  async #grant(file: FileRequest, allocation: ReadonlyMap<string, Slot>): Promise<void> {
    const { roles, failures, isHeld } = await file.lease(allocation, {
      lost: (slot, error) => this.#lose(file, slot, error),
      // Who has it may wait for what this run keeps without using it.
      waiting: () => {
        this.#slots.freeIdle()
        this.#tellWhoHasIt(file)
      },
    })
    for (const failure of failures) {
      file.failures.set(failure.role, failure)
      const hasFailed = !failure.isFinal && failure.slot.ofController === undefined
      if (hasFailed && !file.ended) this.#slots.fail(failure.slot, failure.error.message)
    }
    if (file.ended) return
    if (isHeld === true || failures.some(({ isFinal }) => !isFinal)) {
      // What it got is of no use without the rest, and others may be waiting for it.
      await file.release((slot) => this.#free(slot, true))
      if (!file.ended) this.#queue.unshift(file)
      this.#grantWhatCanBe()
      return
    }
    const denied = Object.keys(file.request.roles).filter((role) => roles[role] === undefined)
    file.decide({ ...roles, ...Object.fromEntries(denied.map((role) => [role, this.#deny(file, role)])) })
  }

  /** That another run has a board is not to be expected, as that another file of this one has. */
  #tellWhoHasIt(file: FileRequest): void {
    const { waitingFor } = file
    const tell = () => {
      if (file.waitingFor === waitingFor) this.#options.print(`${file.request.file} waits: ${waitingFor}`)
    }
    setTimeout(tell, foreignPatienceMs).unref()
  }

  #refuse(file: FileRequest): void {
    const message = `The run was cancelled while the file waited: ${file.waitingFor ?? ''}`
    const refusal: RoleGrant = { granted: false, code: 'LEASE_LOST', message }
    file.send({ type: 'cancelled' })
    file.decide(Object.fromEntries(Object.keys(file.request.roles).map((role) => [role, refusal])))
    void this.#end(file)
  }

  #deny(file: FileRequest, role: string): RoleGrant {
    const failure = file.failures.get(role)
    if (failure !== undefined) {
      return { granted: false, code: failure.error.code, message: failure.error.message }
    }
    const { started, failures } = this.#slots
    const message = explainMissing(role, file.request.roles[role] ?? '', started, failures)
    return { granted: false, code: 'NO_EXPORTER', message }
  }

  /** An exporter has gone while a file had it. */
  #lose(file: FileRequest, slot: Slot, error: HardwareError): void {
    file.send({ type: 'lost', exporter: slot.exporter.name, code: error.code, message: error.message })
    this.#slots.fail(slot, error.message)
  }

  /**
   * Lets other processes have what no file of this run uses, or will use soon.
   *
   * @param isWanted whether others may be waiting for it
   */
  async #free(slot: Slot, isWanted = [...this.#requests].some(({ isPending }) => isPending)): Promise<void> {
    const { idleTimeoutMs } = this.#options
    clearTimeout(slot.idle)
    if (slot.ofController === 'file') this.#ofController.delete(slot.exporter)
    const isKept = slot.ofController === 'run' && !isWanted
    if (idleTimeoutMs === undefined || !this.#slots.started.includes(slot)) {
      if (!isKept) await slot.exporter.free()
    } else {
      slot.idle = setTimeout(() => void slot.exporter.free().catch(() => undefined), idleTimeoutMs).unref()
    }
  }

  /** The connection of a file has ended: after its leases, or because its worker has died. */
  async #abandon(file: FileRequest): Promise<void> {
    if (!this.#isCancelled && !this.#isClosed) {
      const told = this.#tellOfDeath(file)
      this.#deaths.add(told)
      await told
      this.#deaths.delete(told)
    }
    await this.#end(file)
  }

  /** Vitest says of a worker that has died which file it ran, but not what that did. */
  async #tellOfDeath(file: FileRequest): Promise<void> {
    const what = await file.describe()
    if (what !== undefined) this.#options.note(`The worker of ${file.request.file} has ended ${what}`)
  }

  /** Ends what a file holds, waits for, or is just being granted. @returns what could not be cleaned up */
  #end(file: FileRequest): Promise<readonly string[]> {
    return (file.ending ??= this.#finish(file))
  }

  async #finish(file: FileRequest): Promise<readonly string[]> {
    file.end()
    this.#requests.delete(file)
    const place = this.#queue.indexOf(file)
    if (place >= 0) this.#queue.splice(place, 1)
    await file.granting
    const problems = await file.release((slot) => this.#free(slot))
    for (const [slot, problem] of problems) this.#slots.fail(slot, problem)
    if (file.heldSince !== undefined) this.#options.held(file.path, performance.now() - file.heldSince)
    this.#grantWhatCanBe()
    return Array.from(problems, ([slot, problem]) => `exporter ${slot.exporter.name}: ${problem}`)
  }
}
