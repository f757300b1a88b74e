import { setTimeout as delay } from 'node:timers/promises'

import { connect } from '../../clients/connect.ts'
import { HardwareError, messageOf } from '../../errors.ts'
import type { Channel, ExporterStatusName, WaitOptions } from '../../protocol/channel.ts'
import { ControllerCalls } from '../../protocol/controller-calls.ts'
import type { ControllerExporter, LeaseWishes } from '../../protocol/controller-messages.ts'
import { RouterTunnels } from '../../protocol/router-tunnels.ts'
import type { Lease } from '../lease.ts'
import { acquireLease, type AcquiredLease, waitForExporter } from './acquire.ts'
import type { ClientConfig } from './client-config.ts'
import { dial } from './dial.ts'
import { type LeaseSocket, listenForLease } from './lease-socket.ts'
import { keepLease } from './renewal.ts'

/** How long the hooks of an exporter may take, and the calls around them (reference: Jumpstarter's shell), in milliseconds. */
const hookTimeoutMs = 300_000
const answerTimeoutMs = 5_000
const deleteTimeoutMs = 30_000
/** How often an exporter is asked where it is with its hook: there is no event for it. */
const pollMs = 100

/** What {@link leaseFromController} takes. */
export interface ControllerLeaseOptions {
  readonly config: ClientConfig
  /** What is wished for, or the name of a lease that there is already. That is neither extended nor ended. */
  readonly lease: Omit<LeaseWishes, 'durationMs'> | string
  /** For how long the lease is asked for, and extended again and again, in milliseconds. */
  readonly durationMs: number
  /** How long it may last in all, in milliseconds. */
  readonly maxDurationMs: number
  readonly signal?: AbortSignal
  /** Gets what is to be known of the wait, of hooks, and of tunnels that break, a line at a time. */
  readonly print: (line: string) => void
}

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
  } catch (error) {
    close()
    throw error
  }
  const lost = new AbortController()
  const stop = own
    ? keepLease(controller, acquired, { ...options, lost: (reason) => lost.abort(reason) })
    : () => undefined
  const dialler = { controller, tunnels, leaseName: acquired.name, timeoutMs: config.dialTimeoutMs }
  let socket: LeaseSocket | undefined
  const end = async () => {
    const problems: string[] = []
    const attempt = (what: string, run: () => Promise<unknown>) =>
      run().catch((error: unknown) => problems.push(`${what}: ${messageOf(error)}`))
    const { path } = socket ?? {}
    if (own && path !== undefined && !lost.signal.aborted) await attempt('end of the session', () => endSession(path))
    stop()
    await attempt('removal of its socket', async () => socket?.close())
    if (own && !lost.signal.aborted) {
      await attempt('release', () => controller.deleteLease(acquired.name, { timeoutMs: deleteTimeoutMs }))
    }
    close()
    if (problems.length > 0) {
      throw new HardwareError('CLEANUP_FAILED', `Lease ${acquired.name} did not end well: ${problems.join('; ')}`)
    }
  }
  try {
    const exporter = await waitUntilDialable(controller, acquired.exporter, config.dialTimeoutMs, signal)
    socket = await listenForLease(
      (ended) => dial(dialler, ended),
      (error) => print(`warning: ${messageOf(error)}`),
    )
    const endpoint = { address: socket.path, name: acquired.exporter }
    const connection = await connect(socket.path, { name: endpoint.name, print, ...(signal && { signal }) })
    connection.close()
    let released: Promise<void> | undefined
    return {
      name: acquired.name,
      exporter,
      endpoint,
      releaseTimeoutMs: hookTimeoutMs + 2 * answerTimeoutMs + deleteTimeoutMs,
      lost: lost.signal,
      activity: async () => undefined,
      release: () => (released ??= end()),
    }
  } catch (error) {
    await end().catch((problem: unknown) => print(`warning: ${messageOf(problem)}`))
    throw error
  }
}

async function acquire(controller: ControllerCalls, options: ControllerLeaseOptions): Promise<AcquiredLease> {
  const { lease, durationMs, print, signal, config } = options
  const limits = { timeoutMs: config.acquisitionTimeoutMs, signal, waiting: (why: string) => print(`waiting: ${why}`) }
  if (typeof lease !== 'string') return acquireLease(controller, { ...lease, durationMs }, limits)
  return waitForExporter(controller, await controller.lease(lease, { signal }), limits)
}

/** A controller holds back who dials before the exporter is ready, by up to three seconds. */
async function waitUntilDialable(
  controller: ControllerCalls,
  name: string,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<ControllerExporter> {
  const options: WaitOptions = { signal }
  const deadline = performance.now() + timeoutMs
  for (let waitMs = 25; ; waitMs = Math.min(2 * waitMs, 1_000)) {
    const exporter = await controller.exporter(name, options)
    if (exporter.status !== 'AVAILABLE' || performance.now() > deadline) return exporter
    await delay(waitMs, undefined, signal === undefined ? {} : { signal })
  }
}

const ended: ReadonlySet<ExporterStatusName> = new Set(['AVAILABLE', 'AFTER_LEASE_HOOK_FAILED', 'OFFLINE'])

/** Lets the exporter run its hook after the lease, while what that prints can still be read. */
async function endSession(path: string): Promise<void> {
  const { GrpcChannel } = await import('../../protocol/grpc-channel.ts')
  const channel: Channel = new GrpcChannel({ kind: 'unix', path })
  const deadline = performance.now() + hookTimeoutMs
  try {
    if (!(await channel.endSession({ timeoutMs: answerTimeoutMs }))) return
    for (;;) {
      const state = await channel.state({ timeoutMs: answerTimeoutMs })
      if (state === undefined || ended.has(state.status)) return
      if (performance.now() > deadline) {
        throw new HardwareError('LEASE_TIMEOUT', `the hook after the lease took over ${hookTimeoutMs} ms`)
      }
      await delay(pollMs)
    }
  } catch (error) {
    // The exporter may end the session before it has answered.
    if (!(error instanceof HardwareError) || !error.code.startsWith('CONNECTION_')) throw error
  } finally {
    channel.close()
  }
}
