import type { LeasableExporter, Lease, ReserveOptions } from '../../src/leases/lease.ts'

/** An exporter without a process, for tests of the broker's rules. */
export class FakeExporter implements LeasableExporter {
  readonly name: string
  readonly labels: Readonly<Record<string, string>> | undefined
  readonly local = true
  readonly order: string
  /** The calls so far. */
  readonly events: string[] = []
  /** The result of {@link FakeExporter.free}. */
  freed: Promise<void> = Promise.resolve()
  /** The result of {@link FakeExporter.lease}. */
  leased: () => Promise<Lease> = async () => this.#lease()
  /** Called by {@link FakeExporter.reserve}. */
  reserving: (options: ReserveOptions) => Promise<void> = async () => undefined
  /** The problem of the end of a lease. */
  problem: Error | undefined
  readonly lost = new AbortController()

  constructor(name: string, labels: Readonly<Record<string, string>> | undefined = {}, order = name) {
    this.name = name
    this.labels = labels
    this.order = order
  }

  async reserve(options: ReserveOptions = {}): Promise<void> {
    this.events.push('reserve')
    await this.reserving(options)
  }

  async free(): Promise<void> {
    this.events.push('free')
    await this.freed
  }

  async lease(): Promise<Lease> {
    this.events.push('lease')
    return this.leased()
  }

  async close(): Promise<void> {
    this.events.push('close')
  }

  #lease(): Lease {
    return {
      endpoint: { address: `/${this.name}` },
      releaseTimeoutMs: 7,
      lost: this.lost.signal,
      activity: async () => undefined,
      release: async () => {
        this.events.push('release')
        if (this.problem !== undefined) throw this.problem
      },
    }
  }
}
