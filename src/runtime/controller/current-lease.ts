import type { LogLevel } from '../../base/log-level.ts'
import { retry } from '../../base/retry.ts'
import { messageOf } from '../../errors.ts'
import { isRetryable } from '../../protocol/controller/controller-error.ts'
import type { ControllerEndpoint } from '../../protocol/controller/controller-messages.ts'
import type { ExporterAssignment, ExporterCalls } from '../../protocol/controller/exporter-calls.ts'
import type { Exporter } from '../exporter.ts'
import { isHookFailure } from '../hooks.ts'
import { endReportTimeoutMs, releaseRetry } from './limits.ts'
import { serveLease } from './serve-lease.ts'
import type { StatusReporter } from './status-reporter.ts'

/** The reason of the end of a lease that the exporter does not give back. */
const endedByController = 'the controller has ended it'

/** Options of {@link CurrentLease}. */
export interface CurrentLeaseOptions {
  readonly calls: ExporterCalls
  readonly endpoint: ControllerEndpoint
  readonly print: (line: string) => void
  /** The mildest lines of the drivers' log that are printed. */
  readonly logLevel?: LogLevel | undefined
  readonly reporter: StatusReporter
  /** Receives the failure of a hook that takes the exporter out of service. */
  readonly outOfService: (error: unknown) => void
}

/** The lease that an exporter serves for a controller, if any. */
export class CurrentLease {
  readonly #exporter: Exporter
  readonly #options: CurrentLeaseOptions
  /** True for an older controller, which does not know ReleaseLease from exporters. */
  #releasesByStatus = false
  #name: string | undefined
  #over = new AbortController()
  #served: Promise<void> = Promise.resolve()

  constructor(exporter: Exporter, options: CurrentLeaseOptions) {
    this.#exporter = exporter
    this.#options = options
  }

  /** Settles when all leases that were assigned until now have ended. */
  get served(): Promise<void> {
    return this.#served
  }

  /** Takes the controller's assignment: a lease, or none. */
  change(assignment: ExporterAssignment | undefined): void {
    if (assignment?.lease === this.#name) return
    this.#over.abort(endedByController)
    this.#name = assignment?.lease
    if (assignment === undefined) return
    const over = new AbortController()
    this.#over = over
    this.#served = this.#served.then(() => this.#serve(assignment, over.signal))
  }

  /** Ends the lease, gives it back, and waits until its session is closed. */
  async end(): Promise<void> {
    this.#over.abort()
    await this.#served
  }

  async #serve(assignment: ExporterAssignment, over: AbortSignal): Promise<void> {
    if (over.aborted) return
    const { calls, endpoint, print, logLevel, reporter, outOfService } = this.#options
    const { lease, client } = assignment
    print(`lease ${lease} of ${client} begins`)
    try {
      const report = reporter.report.bind(reporter)
      await serveLease(this.#exporter, assignment, { calls, endpoint, print, logLevel, report, over })
    } catch (error) {
      print(`lease ${lease}: ${messageOf(error)}`)
      if (this.#takesOutOfService(error)) outOfService(error)
    }
    // First, because the controller may give the lease again to an exporter that is free.
    await reporter.flush(endReportTimeoutMs)
    if (over.reason !== endedByController) await this.#release(lease)
    print(`lease ${lease} is over`)
    reporter.report('AVAILABLE')
  }

  async #release(lease: string): Promise<void> {
    try {
      await retry(() => this.#releaseOnce(lease), releaseRetry)
    } catch (error) {
      this.#options.print(`warning: ${messageOf(error)}`)
    }
  }

  async #releaseOnce(lease: string): Promise<void> {
    const { calls } = this.#options
    try {
      if (!this.#releasesByStatus) return await calls.releaseLease(lease)
    } catch (error) {
      if (isRetryable(error)) throw error
      this.#releasesByStatus = true
    }
    // An older controller gives an exporter that is AVAILABLE away at once.
    return calls.reportStatus('AFTER_LEASE_HOOK', { releaseLease: true })
  }

  #takesOutOfService(error: unknown): boolean {
    const { beforeLease, afterLease } = this.#exporter.hooks ?? {}
    return isHookFailure(error) && [beforeLease, afterLease].some((hook) => hook?.onFailure === 'exit')
  }
}
