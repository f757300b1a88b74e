import { type LeasableExporter, type Lease, withoutRelease } from '../lease.ts'
import type { ControllerExporterOptions } from './controller-exporter.ts'
import type { ControllerLease } from './controller-lease.ts'

/** Options of {@link ExistingLeaseExporter.open}. */
export interface ExistingLeaseOptions extends Pick<ControllerExporterOptions, 'config' | 'logLevel' | 'emit'> {
  /** The name of the lease. */
  readonly lease: string
  /** Ends the wait for the exporter. */
  readonly signal: AbortSignal
}

/** The exporter of a controller's lease that somebody else has created, and ends. */
export class ExistingLeaseExporter implements LeasableExporter {
  readonly local = false
  readonly #leased: ControllerLease

  /**
   * Waits until the exporter of the lease is ready.
   *
   * @throws HardwareError as leaseFromController
   */
  static async open({ config, ...options }: ExistingLeaseOptions): Promise<ExistingLeaseExporter> {
    const { leaseFromController } = await import('./lease-from-controller.ts')
    return new ExistingLeaseExporter(await leaseFromController({ config: await config(), ...options }))
  }

  private constructor(leased: ControllerLease) {
    this.#leased = leased
  }

  get name(): string {
    return this.#leased.exporter.name
  }

  get labels(): Readonly<Record<string, string>> {
    return this.#leased.exporter.labels
  }

  get order(): string {
    return `lease ${this.#leased.name}`
  }

  /** The lease keeps others away already. */
  async reserve(): Promise<void> {}

  async free(): Promise<void> {}

  async lease(): Promise<Lease> {
    this.#leased.lost.throwIfAborted()
    return withoutRelease(this.#leased)
  }

  close(): Promise<void> {
    return this.#leased.release()
  }
}
