import { connect } from '../../clients/connect.ts'
import { printPastHook } from '../../clients/wait-until-ready.ts'
import { HardwareError, messageOf } from '../../errors.ts'
import { ControllerCalls } from '../../protocol/controller-calls.ts'
import { isTransient, mayPass } from '../../protocol/controller-error.ts'
import type { ControllerExporter, LeaseWishes } from '../../protocol/controller-messages.ts'
import { eitherSignal } from '../../protocol/either-signal.ts'
import { RouterTunnels } from '../../protocol/router-tunnels.ts'
import { tryAgain } from '../../protocol/try-again.ts'
import type { Lease } from '../lease.ts'
import { acquireLease, type AcquiredLease, waitForExporter } from './acquire.ts'
import type { ClientConfig } from './client-config.ts'
import { dial } from './dial.ts'
import { endSession, endSessionTimeoutMs } from './end-session.ts'
import { type LeaseSocket, listenForLease } from './lease-socket.ts'
import { keepLease } from './renewal.ts'
import { waitUntilDialable } from './wait-until-dialable.ts'

/** How long giving a lease back may take (reference: Jumpstarter's client), in milliseconds. */
const deleteTimeoutMs = 30_000
/** A controller that is not there for a moment is told in the next. */
const patience = { firstWaitMs: 500, maxWaitMs: 2_000, mayPass }
/**
 * How long a lease lasts unless it is extended, and how long in all: a day, or an hour where it cannot be extended. In
 * milliseconds.
 */
const defaultDurationMs = 60_000
const defaultMaxDurationMs = 86_400_000
const defaultFixedDurationMs = 3_600_000

/** What {@link leaseFromController} takes. */
export interface ControllerLeaseOptions {
  readonly config: ClientConfig
  /** What is wished for, or the name of a lease that there is already. That is neither extended nor ended. */
  readonly lease: Omit<LeaseWishes, 'name' | 'durationMs' | 'maxDurationMs'> | string
  /** For how long the lease is asked for, and extended again and again, in milliseconds (default one minute). */
  readonly durationMs?: number | undefined
  /**
   * How long it may last in all, in milliseconds (default a day). Controllers that cannot extend leases are asked for all of
   * it (default an hour).
   */
  readonly maxDurationMs?: number | undefined
  readonly signal?: AbortSignal
  /** Ends the wait for an exporter, and not what follows, such as its hook. */
  readonly waitSignal?: AbortSignal | undefined
  /** Gets what is to be known of the wait, of hooks, and of tunnels that break, a line at a time. */
  readonly print: (line: string) => void
  /** Gets why there is no exporter yet, and who has them, instead. */
  readonly waiting?: (why: string) => void
}

type LeaseOptions = ControllerLeaseOptions & { readonly durationMs: number }

/** A {@link Lease} of an exporter of a fleet. */
export interface ControllerLease extends Lease {
  readonly name: string
  readonly exporter: ControllerExporter
}

/**
 * Leases an exporter from Jumpstarter's controller, and waits until it is ready. Where it is reached, a private unix
 * socket, any number of clients may connect; each gets a tunnel of its own.
 *
 * @throws HardwareError NO_EXPORTER, SELECTOR_INVALID, LEASE_TIMEOUT, LEASE_LOST, HOOK_FAILED, UNAUTHENTICATED,
 *   CONTROLLER_REFUSED, CONNECTION_FAILED
 */
export async function leaseFromController(options: ControllerLeaseOptions): Promise<ControllerLease> {
  const { print, signal, maxDurationMs = defaultMaxDurationMs } = options
  const durationMs = Math.min(options.durationMs ?? defaultDurationMs, maxDurationMs)
  let hasExporter = false
  const lease = () => {
    hasExporter = false
    return leaseOnce({ ...options, durationMs }, () => (hasExporter = true))
  }
  return tryAgain(lease, {
    firstWaitMs: 1_000,
    maxWaitMs: 10_000,
    timeoutMs: options.config.retryTimeoutMs,
    // Another exporter may be reached, or the same one in a while; but what the controller says counts.
    mayPass: (error) => hasExporter && typeof options.lease !== 'string' && isTransient(error),
    failed: (error) => print(`warning: another exporter is leased: ${messageOf(error)}`),
    signal,
  })
}

async function leaseOnce(options: LeaseOptions, found: () => void): Promise<ControllerLease> {
  const { config, print, signal } = options
  const controller = new ControllerCalls(config)
  const tunnels = new RouterTunnels(config)
  const close = () => {
    tunnels.close()
    controller.close()
  }
  const own = typeof options.lease !== 'string'
  let acquired: AcquiredLease
  try {
    acquired = await acquire(controller, options)
    found()
  } catch (error) {
    close()
    throw error
  }
  let socket: LeaseSocket | undefined
  const lost = new AbortController()
  const kept = keepLease(controller, acquired, {
    durationMs: own ? options.durationMs : undefined,
    maxDurationMs: options.maxDurationMs ?? defaultMaxDurationMs,
    lost: (reason) => {
      lost.abort(reason)
      // Who is connected need not find out that nothing helps.
      socket?.close().catch(() => undefined)
    },
    print,
  })
  const dialler = { controller, tunnels, leaseName: acquired.name, timeoutMs: config.dialTimeoutMs }
  const end = async () => {
    const problems: string[] = []
    const attempt = (what: string, run: () => Promise<unknown>) =>
      run().catch((error: unknown) => problems.push(`${what}: ${messageOf(error)}`))
    const { path } = socket ?? {}
    if (own && path !== undefined && !lost.signal.aborted) {
      await attempt('end of the session', () => endSession(path, print))
    }
    kept.stop()
    await attempt('removal of its socket', async () => socket?.close())
    if (own && !lost.signal.aborted) {
      const release = () => controller.deleteLease(acquired.name, { timeoutMs: deleteTimeoutMs / 2 })
      await tryAgain(release, { ...patience, timeoutMs: deleteTimeoutMs / 2 }).catch((error: unknown) => {
        print(`warning: lease ${acquired.name} could not be given back, and ends by itself soon: ${messageOf(error)}`)
      })
    }
    close()
    if (problems.length > 0) {
      throw new HardwareError('CLEANUP_FAILED', `Lease ${acquired.name} did not end well: ${problems.join('; ')}`)
    }
  }
  try {
    const waits = eitherSignal(lost.signal, signal)
    const exporter = await waitUntilDialable(controller, acquired.exporter, {
      timeoutMs: config.dialTimeoutMs,
      signal: waits,
      print,
    })
    socket = await listenForLease(
      (ended) => dial(dialler, ended),
      (error) => {
        if (lost.signal.aborted) return
        print(`warning: ${messageOf(error)}`)
        // It may be the end of the lease that is seen first there.
        kept.check()
      },
    )
    const endpoint = { address: socket.path, name: acquired.exporter, redialTimeoutMs: config.dialTimeoutMs }
    const limits = { timeoutMs: config.dialTimeoutMs, signal: waits }
    const connection = await connect(socket.path, { name: endpoint.name, print, ...limits })
    try {
      await printPastHook(connection.channel, print)
    } finally {
      connection.close()
    }
    let released: Promise<void> | undefined
    return {
      name: acquired.name,
      exporter,
      endpoint,
      releaseTimeoutMs: endSessionTimeoutMs + deleteTimeoutMs,
      lost: lost.signal,
      activity: async () => undefined,
      release: () => (released ??= end()),
    }
  } catch (thrown) {
    const error: unknown = lost.signal.aborted ? lost.signal.reason : thrown
    await end().catch((problem: unknown) => print(`warning: ${messageOf(problem)}`))
    throw error
  }
}

async function acquire(controller: ControllerCalls, options: LeaseOptions): Promise<AcquiredLease> {
  const { lease, durationMs, maxDurationMs = defaultFixedDurationMs } = options
  const { print, signal, waitSignal, config, waiting = (why: string) => print(`waiting: ${why}`) } = options
  const limits = { timeoutMs: config.acquisitionTimeoutMs, signal: eitherSignal(signal, waitSignal), waiting }
  if (typeof lease !== 'string') return acquireLease(controller, { ...lease, durationMs, maxDurationMs }, limits)
  return waitForExporter(controller, await controller.lease(lease, { signal }), limits)
}
