import { HardwareError, messageOf } from '../../errors.ts'
import { mayPass, refusalAfterStartMs } from '../../protocol/controller-error.ts'
import type { ControllerEndpoint } from '../../protocol/controller-messages.ts'
import { type ExporterAssignment, ExporterCalls } from '../../protocol/exporter-calls.ts'
import { nameLabel } from '../../protocol/labels.ts'
import { tryAgain } from '../../protocol/try-again.ts'
import type { Exporter } from '../exporter.ts'
import { createSession } from '../open-session.ts'
import { readAgain } from './again.ts'
import { serveLease } from './serve-lease.ts'
import { StatusReporter } from './status-reporter.ts'

/** How long saying goodbye to the controller may take, in milliseconds. */
const farewellMs = 5_000
/** A controller that is just starting is waited for, but not one that never comes. */
const registration = { firstWaitMs: 500, maxWaitMs: 5_000, timeoutMs: 6 * refusalAfterStartMs, mayPass }
/** What a controller is not told in time it finds out when the lease is over. */
const release = { ...registration, timeoutMs: farewellMs }

/** What {@link serveFleet} takes besides the exporter. */
export interface ServeFleetOptions {
  readonly endpoint: ControllerEndpoint
  readonly print: (line: string) => void
  /** Ends it at once; the lease is ended in order. */
  readonly signal: AbortSignal
  /** Ends it when no lease is served any more. */
  readonly whenFree?: AbortSignal
}

/**
 * Registers an exporter with Jumpstarter's controller and serves its leases, one after another, until a signal ends that.
 *
 * @throws HardwareError what the controller refuses, or a hook that takes the exporter out of service
 */
export async function serveFleet(exporter: Exporter, options: ServeFleetOptions): Promise<void> {
  const { endpoint, print, signal, whenFree } = options
  const calls = new ExporterCalls(endpoint)
  const reporter = new StatusReporter(calls, print)
  const stop = new AbortController()
  const isOver = AbortSignal.any([signal, stop.signal])
  const current = new CurrentLease(exporter, { calls, endpoint, print, reporter, failed: (error) => stop.abort(error) })
  const endWhenFree = () => void current.served.then(() => stop.abort())
  if (whenFree?.aborted === true) endWhenFree()
  else whenFree?.addEventListener('abort', endWhenFree, { once: true })
  try {
    const labels = { ...exporter.labels, [nameLabel]: exporter.name }
    const { drivers } = createSession(exporter).report()
    await tryAgain(() => calls.register({ labels, drivers }, { signal }), {
      ...registration,
      failed: (error) => print(`warning: the exporter is registered again in a while: ${messageOf(error)}`),
      signal: isOver,
    })
    reporter.report('AVAILABLE')
    print(`exporter ${exporter.name} is registered with ${endpoint.address}; Ctrl-C ends it`)
    const stream = readAgain(() => calls.assignments(isOver), { name: 'Status', print, signal: isOver })
    for await (const assignment of stream) current.change(whenFree?.aborted === true ? undefined : assignment)
    if (stop.signal.reason instanceof HardwareError) throw stop.signal.reason
  } finally {
    whenFree?.removeEventListener('abort', endWhenFree)
    current.end()
    await current.served
    reporter.report('OFFLINE')
    await reporter.flush(farewellMs)
    reporter.close()
    await calls.unregister('the exporter has been stopped', { timeoutMs: farewellMs }).catch((error: unknown) => {
      print(`warning: the controller was not told that the exporter has been stopped: ${messageOf(error)}`)
    })
    calls.close()
  }
}

/** Why a lease is over that needs not be given back. */
const endedByController = 'the controller has ended it'

interface CurrentLeaseOptions {
  readonly calls: ExporterCalls
  readonly endpoint: ControllerEndpoint
  readonly print: (line: string) => void
  readonly reporter: StatusReporter
  /** The exporter is out of service. */
  readonly failed: (error: unknown) => void
}

/** The lease that is served, if one is. */
class CurrentLease {
  readonly #exporter: Exporter
  readonly #options: CurrentLeaseOptions
  /** Whether older controllers do not know ReleaseLease from exporters. */
  #releasesByStatus = false
  #name: string | undefined
  #over = new AbortController()
  /** Settles when what has been served so far has ended. */
  served: Promise<void> = Promise.resolve()

  constructor(exporter: Exporter, options: CurrentLeaseOptions) {
    this.#exporter = exporter
    this.#options = options
  }

  /** The controller says whose the exporter is now. */
  change(assignment: ExporterAssignment | undefined): void {
    if (assignment?.lease === this.#name) return
    this.#over.abort(endedByController)
    this.#name = assignment?.lease
    if (assignment === undefined) return
    const over = new AbortController()
    this.#over = over
    this.served = this.served.then(() => this.#serve(assignment, over.signal))
  }

  /** Ends what is served, and gives the lease back. */
  end(): void {
    this.#over.abort()
  }

  async #serve(assignment: ExporterAssignment, over: AbortSignal): Promise<void> {
    if (over.aborted) return
    const { calls, endpoint, print, reporter, failed } = this.#options
    const { lease, client } = assignment
    print(`lease ${lease} of ${client} begins`)
    try {
      const report = reporter.report.bind(reporter)
      await serveLease(this.#exporter, assignment, { calls, endpoint, print, report, over })
    } catch (error) {
      print(`lease ${lease}: ${messageOf(error)}`)
      if (this.#takesOutOfService(error)) failed(error)
    }
    // Before the exporter is free, lest the controller gives the lease to it again.
    await reporter.flush(farewellMs)
    if (over.reason !== endedByController)
      await tryAgain(() => this.#release(lease), release).catch((error: unknown) =>
        print(`warning: ${messageOf(error)}`),
      )
    print(`lease ${lease} is over`)
    reporter.report('AVAILABLE')
  }

  async #release(lease: string): Promise<void> {
    const { calls } = this.#options
    try {
      if (!this.#releasesByStatus) return await calls.releaseLease(lease)
    } catch (error) {
      if (mayPass(error)) throw error
      this.#releasesByStatus = true
    }
    // With AVAILABLE they would give the exporter away at once.
    return calls.reportStatus('AFTER_LEASE_HOOK', { releaseLease: true })
  }

  #takesOutOfService(error: unknown): boolean {
    const { beforeLease, afterLease } = this.#exporter.hooks ?? {}
    const isHook = error instanceof HardwareError && error.code === 'HOOK_FAILED'
    return isHook && [beforeLease, afterLease].some((hook) => hook?.onFailure === 'exit')
  }
}
