import { messageOf } from '../errors.ts'
import type { LeasableExporter } from '../leases/lease.ts'
import type { PrivateFolder } from '../private-folder.ts'
import type { LeaseRequest } from './context.ts'
import type { SettledExporters } from './explain.ts'

/** How to get one exporter of the run. */
export interface ExporterSource {
  readonly name: string
  /**
   * Starts it; the signal gives it up.
   *
   * @param folder of the run's sockets, which is to be removed when the run is killed
   */
  start(signal: AbortSignal, folder: string): Promise<LeasableExporter>
}

/** An exporter of the run that has started. */
export interface Slot {
  readonly exporter: LeasableExporter
  /** Its place in the options; behind all others where it is in none. */
  readonly place: number
  /** The file that has it, or is just being given it. */
  holder: { readonly request: LeaseRequest } | undefined
  /** How often it has failed in this run. */
  failures: number
  /** Frees it when it has not been used for a while. */
  idle: NodeJS.Timeout | undefined
  /** For whom it is leased from a controller, where it is: for one file, or for those of the whole run. */
  readonly ofController?: 'file' | 'run'
}

/** How often an exporter may fail until it is taken out of the run. */
const maxFailures = 2

/** The exporters of one run, as far as they have started, and have not failed too often. */
export class ExporterSlots {
  readonly #starting = new AbortController()
  readonly #exporters: readonly Promise<LeasableExporter>[]
  readonly #note: (line: string) => void
  readonly #started: Slot[] = []
  readonly #failures: string[] = []
  readonly #settling = Promise.withResolvers<SettledExporters>()
  #settled = false

  /**
   * Begins to start the exporters.
   *
   * @param folder of the run's sockets
   * @param note tells whoever watches the run, and its report, what happens to them
   * @param changed is called whenever one has started, or has failed to
   */
  constructor(
    sources: readonly ExporterSource[],
    folder: Promise<PrivateFolder>,
    note: (line: string) => void,
    changed: () => void,
  ) {
    this.#note = note
    this.#exporters = sources.map((source, place) => {
      const exporter = folder.then(({ path }) => source.start(this.#starting.signal, path))
      void this.#await(source.name, exporter, place, changed)
      return exporter
    })
    void Promise.allSettled(this.#exporters).then(() => {
      this.#settled = true
      if (!this.#starting.signal.aborted) {
        this.#settling.resolve({ exporters: this.#started, failures: this.#failures })
      }
      changed()
    })
  }

  /** Those that can be leased, those first that have failed less often, and otherwise as the options have them. */
  get started(): readonly Slot[] {
    return this.#started
  }

  /** Why there are no others. */
  get failures(): readonly string[] {
    return this.#failures
  }

  /** Whether all have started, or failed to. */
  get settled(): boolean {
    return this.#settled
  }

  /** Settles when all have started, or failed to; never where the run ends before. */
  get whenSettled(): Promise<SettledExporters> {
    return this.#settling.promise
  }

  /** Notes that one has failed; the second time it is taken out of the run. */
  fail(slot: Slot, why: string): void {
    const { name } = slot.exporter
    slot.failures++
    if (slot.ofController !== undefined) {
      this.#note(`exporter ${name} has failed: ${why}`)
      return
    }
    if (slot.failures < maxFailures) {
      this.#note(`exporter ${name} has failed, and gets one more chance: ${why}`)
      this.#sort()
      return
    }
    if (!this.#started.includes(slot)) return
    this.#started.splice(this.#started.indexOf(slot), 1)
    const what = `exporter ${name} has failed twice, and is taken out of this run: ${why}`
    this.#failures.push(what)
    this.#note(what)
  }

  /** Adds one that is leased from a controller for the whole run. */
  add(slot: Slot): void {
    this.#started.push(slot)
  }

  /** Lets other processes have what no file has used since the last one that did. */
  freeIdle(): void {
    for (const slot of this.#started) {
      const isKept = slot.idle !== undefined || slot.ofController === 'run'
      if (!isKept || slot.holder !== undefined) continue
      clearTimeout(slot.idle)
      slot.idle = undefined
      slot.exporter.free().catch(() => undefined)
    }
  }

  /** Stops all. @returns what could not be cleaned up */
  async close(): Promise<readonly string[]> {
    this.#starting.abort(new Error('the run has ended'))
    for (const { idle } of this.#started) clearTimeout(idle)
    const exporters = await Promise.allSettled(this.#exporters)
    const closed = exporters.flatMap((exporter) => (exporter.status === 'fulfilled' ? exporter.value.close() : []))
    const results = await Promise.allSettled(closed)
    return results.flatMap((result) => (result.status === 'rejected' ? messageOf(result.reason) : []))
  }

  async #await(name: string, starting: Promise<LeasableExporter>, place: number, changed: () => void): Promise<void> {
    try {
      const exporter = await starting
      this.#started.push({ exporter, place, holder: undefined, failures: 0, idle: undefined })
      this.#sort()
    } catch (error) {
      this.#failures.push(`exporter ${name}: ${messageOf(error)}`)
    }
    changed()
  }

  /** Those that come first in the options are granted first, whichever starts first. */
  #sort(): void {
    this.#started.sort((one, other) => one.failures - other.failures || one.place - other.place)
  }
}
