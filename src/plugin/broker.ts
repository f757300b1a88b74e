import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'

import { removeAbandonedFolders } from '../abandoned-folders.ts'
import { HardwareError, messageOf } from '../errors.ts'
import type { LeasableExporter, Lease } from '../leases/lease.ts'
import { readMessages, writeMessage } from '../leases/message-stream.ts'
import { matchesSelector, parseSelector } from '../leases/selector.ts'
import { createPrivateFolder, type PrivateFolder } from '../private-folder.ts'
import { allocate } from './allocation.ts'
import { describeHolders, explainMissing, type SettledExporters } from './explain.ts'
import type { FromBroker, LeaseRequest, RoleGrant, ToBroker } from './context.ts'

/** One exporter of the run. */
export interface ExporterSlot {
  readonly name: string
  /** Starts it; the signal gives it up. */
  start(signal: AbortSignal): Promise<LeasableExporter>
}

const stillStarting = 'the exporters are still starting'

/** After how long a file's wait is told to whoever watches the run, in milliseconds. */
const patienceMs = 10_000

interface Started {
  readonly exporter: LeasableExporter
  /** Its place in the options. */
  readonly order: number
  holder: FileRequest | undefined
}

/** A file's connection, which is its lease. */
interface FileRequest {
  readonly socket: Socket
  readonly request: LeaseRequest
  readonly leases: Map<Started, Lease>
  /** Settles when what was allocated has been leased. */
  granting: Promise<void> | undefined
  /** When it was, in milliseconds of `performance.now()`. */
  heldSince: number
  /** Why it waits, for messages. */
  waitingFor: string
  gone: boolean
}

/**
 * Grants the exporters of one run to its test files. Files wait in the order they came; a file gets all it asks for at
 * once, and keeps it until its connection closes.
 */
export class Broker {
  readonly #print: (line: string) => void
  readonly #held: (file: string, ms: number) => void
  readonly #exporters: readonly { readonly name: string; readonly exporter: Promise<LeasableExporter> }[]
  readonly #starting = new AbortController()
  readonly #failures: string[] = []
  readonly #started: Started[] = []
  readonly #settling = Promise.withResolvers<SettledExporters>()
  readonly #queue: FileRequest[] = []
  #server: Server | undefined
  #folder: PrivateFolder | undefined
  #settled = false

  /**
   * Begins to start the exporters.
   *
   * @param print tells whoever watches the run that a file has to wait
   * @param held is told how long a file has kept others from what it had, in milliseconds
   */
  constructor(slots: readonly ExporterSlot[], print: (line: string) => void, held: (file: string, ms: number) => void) {
    this.#print = print
    this.#held = held
    this.#exporters = slots.map((slot) => {
      const exporter = slot.start(this.#starting.signal)
      // A failure is told to the files that ask; before one asks, nobody listens.
      exporter.catch(() => undefined)
      return { name: slot.name, exporter }
    })
  }

  /** The exporters, when all have started or failed; never where the run ends before. */
  get settled(): Promise<SettledExporters> {
    return this.#settling.promise
  }

  /** Begins to listen. @returns the path of its socket */
  async listen(): Promise<string> {
    removeAbandonedFolders().catch(() => undefined)
    this.#folder = await createPrivateFolder()
    const path = join(this.#folder.path, 'broker.sock')
    const server = createServer((socket) => this.#accept(socket))
    this.#server = server
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve))
    void this.#waitForExporters()
    return path
  }

  /** Refuses new files, ends all leases and stops the exporters. */
  async close(): Promise<void> {
    this.#server?.close()
    this.#starting.abort(new Error('the run has ended'))
    const exporters = await Promise.allSettled(this.#exporters.map(({ exporter }) => exporter))
    const started = exporters.filter((exporter) => exporter.status === 'fulfilled')
    const closed = started.map(({ value }) => value.close())
    const problems = (await Promise.allSettled(closed)).filter((result) => result.status === 'rejected')
    await this.#folder?.remove()
    if (problems.length > 0) {
      throw new HardwareError('CLEANUP_FAILED', problems.map(({ reason }) => messageOf(reason)).join('; '))
    }
  }

  async #waitForExporters(): Promise<void> {
    await Promise.all(
      this.#exporters.map(async ({ name, exporter }, order) => {
        try {
          this.#started.push({ exporter: await exporter, order, holder: undefined })
          // Those that come first in the options are granted first, whichever starts first.
          this.#started.sort((one, other) => one.order - other.order)
          this.#grantWhatCanBe()
        } catch (error) {
          this.#failures.push(`exporter ${name}: ${messageOf(error)}`)
        }
      }),
    )
    this.#settled = true
    if (!this.#starting.signal.aborted) {
      this.#settling.resolve({ exporters: this.#started, failures: this.#failures })
    }
    this.#grantWhatCanBe()
  }

  #accept(socket: Socket): void {
    let held: FileRequest | undefined
    const patience = setTimeout(() => {
      if (held !== undefined && this.#queue.includes(held))
        this.#print(`${held.request.file} waits: ${held.waitingFor}`)
    }, patienceMs)
    socket.on('error', () => undefined)
    socket.on('close', () => {
      clearTimeout(patience)
      if (held !== undefined) void this.#end(held)
    })
    readMessages<ToBroker>(socket, (message) => {
      if (message.type === 'acquire' && held === undefined) {
        held = {
          socket,
          request: message,
          leases: new Map(),
          granting: undefined,
          heldSince: 0,
          waitingFor: stillStarting,
          gone: false,
        }
        this.#queue.push(held)
        this.#grantWhatCanBe()
      } else if (message.type === 'release' && held !== undefined) {
        void this.#end(held).then((problems) => send(socket, { type: 'released', problems }))
      }
    })
  }

  /**
   * Looks at all who wait, oldest first. One that cannot have all it asks for yet keeps what is free for itself. Nothing
   * is impossible before all exporters have started, or failed to.
   */
  #grantWhatCanBe(): void {
    const reserved = new Set<Started>()
    for (const waiting of [...this.#queue]) {
      const all = this.#candidates(waiting, this.#started)
      const possible = allocate(all)
      const wanted = this.#settled ? new Map([...all].filter(([role]) => possible.has(role))) : all
      const free = this.#started.filter((started) => started.holder === undefined && !reserved.has(started))
      const allocation = allocate(this.#candidates(waiting, free, wanted.keys()))
      if (allocation.size < wanted.size) {
        for (const started of allocation.values()) reserved.add(started)
        waiting.waitingFor = this.#settled ? describeHolders(wanted) : stillStarting
        send(waiting.socket, { type: 'waiting', message: waiting.waitingFor })
      } else {
        this.#queue.splice(this.#queue.indexOf(waiting), 1)
        for (const started of allocation.values()) started.holder = waiting
        waiting.heldSince = performance.now()
        waiting.granting = this.#grant(waiting, allocation)
      }
    }
  }

  #candidates({ request }: FileRequest, among: readonly Started[], roles?: Iterable<string>) {
    const wanted = roles ?? Object.keys(request.roles)
    return new Map(
      Array.from(wanted, (role) => {
        const requirements = parseSelector(request.roles[role] ?? '')
        const matching = among.filter(({ exporter }) => {
          return exporter.labels === undefined || matchesSelector(exporter.labels, requirements)
        })
        return [role, matching]
      }),
    )
  }

  async #grant(file: FileRequest, allocation: ReadonlyMap<string, Started>): Promise<void> {
    const grants = Object.keys(file.request.roles).map(async (role): Promise<[string, RoleGrant]> => {
      const started = allocation.get(role)
      if (started === undefined) {
        return [
          role,
          {
            granted: false,
            code: 'NO_EXPORTER',
            message: explainMissing(role, file.request.roles[role] ?? '', this.#started, this.#failures),
          },
        ]
      }
      try {
        const lease = await started.exporter.lease()
        file.leases.set(started, lease)
        return [role, { granted: true, exporter: started.exporter.name, endpoint: lease.endpoint }]
      } catch (error) {
        const code = error instanceof HardwareError ? error.code : 'EXPORTER_FAILED'
        const message = `Exporter ${started.exporter.name} could not be leased: ${messageOf(error)}`
        return [role, { granted: false, code, message }]
      }
    })
    const roles = Object.fromEntries(await Promise.all(grants))
    const releaseTimeoutMs = Math.max(0, ...Array.from(file.leases.values(), (lease) => lease.releaseTimeoutMs))
    if (!file.gone) send(file.socket, { type: 'decided', roles, releaseTimeoutMs })
  }

  /** Ends what a file holds, waits for, or is just being granted. @returns what could not be cleaned up */
  async #end(file: FileRequest): Promise<readonly string[]> {
    if (file.gone) return []
    file.gone = true
    const place = this.#queue.indexOf(file)
    if (place >= 0) this.#queue.splice(place, 1)
    await file.granting
    const problems: string[] = []
    const releases = [...file.leases].map(async ([{ exporter }, lease]) => {
      await lease.release().catch((error: unknown) => problems.push(`exporter ${exporter.name}: ${messageOf(error)}`))
    })
    await Promise.all(releases)
    for (const started of this.#started) if (started.holder === file) started.holder = undefined
    if (file.leases.size > 0) this.#held(file.request.file, performance.now() - file.heldSince)
    this.#grantWhatCanBe()
    return problems
  }
}

function send(socket: Socket, message: FromBroker): void {
  if (socket.writable) writeMessage(socket, message)
}
