import { anySignal } from '../../base/abort.ts'
import { HardwareError } from '../../errors.ts'
import { type LeasableExporter, type Lease, type ReserveOptions, withoutRelease } from '../lease.ts'
import type { ClientConfig } from './client-config.ts'
import type { ControllerLease } from './controller-lease.ts'
import type { ControllerLeaseOptions } from './lease-from-controller.ts'
import { leaseTags } from './lease-tags.ts'

/** Options of {@link ControllerExporter}. */
export interface ControllerExporterOptions extends Pick<
  ControllerLeaseOptions,
  'durationMs' | 'maxDurationMs' | 'logLevel' | 'emit'
> {
  /** Reads the client's configuration. It is read for each lease, because its token may have been renewed. */
  readonly config: () => Promise<ClientConfig>
  /** The labels of the exporter; empty for any exporter. */
  readonly selector: string
}

/** An exporter of a controller, chosen by its labels. It is leased when it is reserved, and given back when it is freed. */
export class ControllerExporter implements LeasableExporter {
  readonly selector: string
  readonly local = false
  readonly #options: ControllerExporterOptions
  readonly #closed = new AbortController()
  /** The reservations and releases that have begun. {@link ControllerExporter.close} waits for them. */
  readonly #running = new Set<Promise<void>>()
  #leased: ControllerLease | undefined

  constructor(options: ControllerExporterOptions) {
    this.#options = options
    this.selector = options.selector
  }

  get name(): string {
    return this.#leased?.exporter.name ?? this.#request
  }

  get labels(): Readonly<Record<string, string>> | undefined {
    return this.#leased?.exporter.labels
  }

  get order(): string {
    return `controller ${this.selector}`
  }

  reserve(options: ReserveOptions = {}): Promise<void> {
    return this.#track(this.#reserve(options))
  }

  async free(): Promise<void> {
    const leased = this.#leased
    this.#leased = undefined
    if (leased !== undefined) await this.#track(leased.release())
  }

  async lease(): Promise<Lease> {
    if (this.#leased === undefined) throw new HardwareError('LEASE_LOST', `There is no lease of ${this.#request}`)
    return withoutRelease(this.#leased)
  }

  async close(): Promise<void> {
    this.#closed.abort(new HardwareError('CALL_CANCELLED', 'the run has ended'))
    await Promise.allSettled(this.#running)
    await this.free()
  }

  async #reserve({ signal, file, maxWaitMs, waiting }: ReserveOptions): Promise<void> {
    if (this.#leased?.lost.aborted === true) {
      const exporter = this.name
      await this.free().catch((error: Error) => this.#options.emit({ type: 'cleanupFailed', exporter, error }))
    }
    if (this.#leased !== undefined) return
    const { config, durationMs, maxDurationMs, logLevel, emit } = this.#options
    const { leaseFromController } = await import('./lease-from-controller.ts')
    this.#leased = await leaseFromController({
      config: await config(),
      lease: { selector: this.selector, ...leaseTags(process.env, file) },
      durationMs,
      maxDurationMs,
      maxWaitMs,
      signal: anySignal(this.#closed.signal, signal),
      logLevel,
      emit,
      waiting,
    })
  }

  /** The selector, in words. */
  get #request(): string {
    return `${this.selector === '' ? 'any' : this.selector} of the controller`
  }

  #track(work: Promise<void>): Promise<void> {
    this.#running.add(work)
    const remove = () => this.#running.delete(work)
    work.then(remove, remove)
    return work
  }
}
