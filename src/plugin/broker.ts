import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'

import { HardwareError, messageOf } from '../errors.ts'
import type { LeasableExporter, Lease } from '../leases/lease.ts'
import { readMessages, writeMessage } from '../leases/message-stream.ts'
import { holds, matchesSelector, parseSelector } from '../leases/selector.ts'
import { createPrivateFolder, type PrivateFolder } from '../private-folder.ts'
import { allocate } from './allocation.ts'
import type { FromBroker, LeaseRequest, RoleGrant, ToBroker } from './context.ts'

/** One exporter of the run, with what became of its start. */
export interface ExporterSlot {
  readonly name: string
  /** Settles when it has started, or failed to. */
  readonly exporter: Promise<LeasableExporter>
}

interface Started {
  readonly exporter: LeasableExporter
  holder: FileRequest | undefined
}

/** A file's connection, which is its lease. */
interface FileRequest {
  readonly socket: Socket
  readonly request: LeaseRequest
  readonly leases: Map<Started, Lease>
  /** Settles when what was allocated has been leased. */
  granting: Promise<void> | undefined
  gone: boolean
}

/**
 * Grants the exporters of one run to its test files. Files wait in the order they came; a file gets all it asks for at
 * once, and keeps it until its connection closes.
 */
export class Broker {
  readonly #slots: readonly ExporterSlot[]
  readonly #failures: string[] = []
  readonly #started: Started[] = []
  readonly #queue: FileRequest[] = []
  #server: Server | undefined
  #folder: PrivateFolder | undefined
  #settled = false

  constructor(slots: readonly ExporterSlot[]) {
    this.#slots = slots
  }

  /** Begins to listen. @returns the path of its socket */
  async listen(): Promise<string> {
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
    const exporters = await Promise.allSettled(this.#slots.map(({ exporter }) => exporter))
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
      this.#slots.map(async ({ name, exporter }) => {
        try {
          this.#started.push({ exporter: await exporter, holder: undefined })
        } catch (error) {
          this.#failures.push(`exporter ${name}: ${messageOf(error)}`)
        }
      }),
    )
    this.#settled = true
    this.#grantWhatCanBe()
  }

  #accept(socket: Socket): void {
    let held: FileRequest | undefined
    socket.on('error', () => undefined)
    socket.on('close', () => {
      if (held !== undefined) void this.#end(held)
    })
    readMessages<ToBroker>(socket, (message) => {
      if (message.type === 'acquire' && held === undefined) {
        held = { socket, request: message, leases: new Map(), granting: undefined, gone: false }
        this.#queue.push(held)
        this.#grantWhatCanBe()
      } else if (message.type === 'release' && held !== undefined) {
        void this.#end(held).then((problems) => send(socket, { type: 'released', problems }))
      }
    })
  }

  /** Looks at all who wait, oldest first. One that cannot have all it asks for yet keeps what is free for itself. */
  #grantWhatCanBe(): void {
    if (!this.#settled) return
    const reserved = new Set<Started>()
    for (const waiting of [...this.#queue]) {
      const all = this.#candidates(waiting, this.#started)
      const possible = allocate(all)
      const wanted = new Map([...all].filter(([role]) => possible.has(role)))
      const free = this.#started.filter((started) => started.holder === undefined && !reserved.has(started))
      const allocation = allocate(this.#candidates(waiting, free, wanted.keys()))
      if (allocation.size < wanted.size) {
        for (const started of allocation.values()) reserved.add(started)
        send(waiting.socket, { type: 'waiting', message: describeHolders(wanted) })
      } else {
        this.#queue.splice(this.#queue.indexOf(waiting), 1)
        for (const started of allocation.values()) started.holder = waiting
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
        return [role, { granted: false, code: 'NO_EXPORTER', message: this.#explainMissing(file, role) }]
      }
      try {
        const lease = await started.exporter.lease()
        file.leases.set(started, lease)
        return [role, { granted: true, exporter: started.exporter.name, address: lease.address }]
      } catch (error) {
        const code = error instanceof HardwareError ? error.code : 'EXPORTER_FAILED'
        const message = `Exporter ${started.exporter.name} could not be leased: ${messageOf(error)}`
        return [role, { granted: false, code, message }]
      }
    })
    const roles = Object.fromEntries(await Promise.all(grants))
    if (!file.gone) send(file.socket, { type: 'decided', roles })
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
    this.#grantWhatCanBe()
    return problems
  }

  #explainMissing({ request }: FileRequest, role: string): string {
    const selector = request.roles[role] ?? ''
    const what = selector === '' ? 'an exporter' : `an exporter with ${selector}`
    const requirements = parseSelector(selector)
    const matching = this.#started.filter(
      ({ exporter }) => exporter.labels === undefined || matchesSelector(exporter.labels, requirements),
    )
    if (matching.length > 0) {
      const names = matching.map(({ exporter }) => exporter.name).join(', ')
      return `No exporter is left for role '${role}': it needs ${what}, and other roles of this file need ${names} too`
    }
    const lines = this.#started.map(({ exporter }) => {
      const missed = requirements
        .filter((requirement) => !holds(exporter.labels ?? {}, requirement))
        .map(({ key }) => key)
      return `  exporter ${exporter.name}: ${formatLabels(exporter.labels)} (does not match: ${missed.join(', ')})`
    })
    const failures = this.#failures.map((failure) => `  ${failure.replaceAll('\n', '\n  ')}`)
    const known = [...lines, ...failures]
    const list = known.length === 0 ? `\n  ${noExporters}` : `. There are:\n${known.join('\n')}`
    return `Role '${role}' needs ${what}, and this run has none${list}`
  }
}

const noExporters =
  "The run has no exporters: name them in hardware({ exporters: … }), or run inside 'jmp shell', which sets JUMPSTARTER_HOST"

function describeHolders(wanted: ReadonlyMap<string, readonly Started[]>): string {
  const roles = [...wanted].map(([role, candidates]) => {
    const holders = candidates.map(({ exporter, holder }) => {
      return holder === undefined ? `${exporter.name} is free` : `${exporter.name} is held by ${holder.request.file}`
    })
    return `${role}: ${holders.join(', ')}`
  })
  return roles.join('; ')
}

function formatLabels(labels: Readonly<Record<string, string>> | undefined): string {
  const pairs = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`)
  return pairs.length === 0 ? 'no labels' : pairs.join(',')
}

function send(socket: Socket, message: FromBroker): void {
  if (socket.writable) writeMessage(socket, message)
}
