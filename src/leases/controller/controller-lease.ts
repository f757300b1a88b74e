import { anySignal } from '../../base/abort.ts'
import { Cleanups } from '../../base/cleanups.ts'
import { RepeatedFailures } from '../../base/repeated-failures.ts'
import { retry } from '../../base/retry.ts'
import type { LogLevel } from '../../base/log-level.ts'
import { connect, createChannel } from '../../clients/connect.ts'
import { followLog } from '../../clients/follow-log.ts'
import { printPastHook } from '../../clients/wait-until-ready.ts'
import { HardwareError, messageOf } from '../../errors.ts'
import type { ControllerCalls } from '../../protocol/controller/controller-calls.ts'
import type { RegisteredExporter } from '../../protocol/controller/controller-messages.ts'
import type { RouterTunnels } from '../../protocol/controller/router-tunnels.ts'
import type { Endpoint } from '../../protocol/endpoint.ts'
import type { LeaseEvent } from '../lease-event.ts'
import type { Lease } from '../lease.ts'
import type { AcquiredLease } from './acquire.ts'
import { dial } from './dial.ts'
import { endSession, endSessionTimeoutMs } from './end-session.ts'
import { LeaseSocket } from './lease-socket.ts'
import { controllerRetry } from './limits.ts'
import { LeaseRenewal } from './renewal.ts'
import { waitUntilDialable } from './wait-until-dialable.ts'

/** The longest time that giving a lease back takes, in milliseconds; Jumpstarter's client takes as long. */
const deleteTimeoutMs = 30_000

/** A {@link LeaseEvent} of a lease, which fills in the exporter. */
type WithoutExporter<Event> = Event extends LeaseEvent ? Omit<Event, 'exporter'> : never

/** Options of {@link ControllerLease.open}. */
export interface OpenLeaseOptions {
  readonly controller: ControllerCalls
  readonly tunnels: RouterTunnels
  readonly acquired: AcquiredLease
  /** True if this process has created the lease, so that it extends and ends the lease. */
  readonly isOwn: boolean
  /** The time that each renewal extends the lease by, in milliseconds. */
  readonly durationMs: number
  /** The longest time that the lease may last in all, in milliseconds. */
  readonly maxDurationMs: number
  /** The longest time that reaching the exporter may take, in milliseconds. */
  readonly dialTimeoutMs: number
  /** The mildest lines of the exporter's log that are emitted during the lease. */
  readonly logLevel: LogLevel
  readonly signal?: AbortSignal | undefined
  readonly emit: (event: LeaseEvent) => void
}

/** A lease of an exporter from Jumpstarter's controller. */
export class ControllerLease implements Lease {
  readonly releaseTimeoutMs = endSessionTimeoutMs + deleteTimeoutMs
  readonly #options: OpenLeaseOptions
  readonly #lost = new AbortController()
  readonly #renewal: LeaseRenewal
  readonly #cleanups = new Cleanups()
  readonly #failures = { tunnel: new RepeatedFailures(), renewal: new RepeatedFailures() }
  #exporter: RegisteredExporter
  #socket: LeaseSocket | undefined
  #endLog: () => Promise<void> = async () => undefined
  #released: Promise<void> | undefined

  /**
   * Waits until the exporter of an acquired lease is ready, and opens a socket that leads to it. The lease is given back, and the
   * connections are closed, when that fails and when the lease is released.
   *
   * @throws HardwareError HOOK_FAILED, LEASE_TIMEOUT, LEASE_LOST, CONNECTION_FAILED
   */
  static async open(options: OpenLeaseOptions): Promise<ControllerLease> {
    const lease = new ControllerLease(options)
    try {
      await lease.#open()
      return lease
    } catch (thrown) {
      const { signal: lost } = lease.#lost
      const error: unknown = lost.aborted ? lost.reason : thrown
      await lease.release().catch((problem: Error) => lease.#emit({ type: 'cleanupFailed', error: problem }))
      throw error
    }
  }

  private constructor(options: OpenLeaseOptions) {
    this.#options = options
    const { controller, tunnels, acquired, isOwn, durationMs, maxDurationMs } = options
    this.#exporter = { name: acquired.exporter, labels: {}, online: true, status: 'UNSPECIFIED', statusMessage: '' }
    this.#cleanups.add('the connection to the controller', () => controller.close())
    this.#cleanups.add('the connections to the routers', () => tunnels.close())
    this.#cleanups.add('the return of the lease', () => this.#giveBack(), 'self-limited')
    this.#renewal = new LeaseRenewal(controller, acquired, {
      durationMs: isOwn ? durationMs : undefined,
      maxDurationMs,
      lost: (reason) => this.#lose(reason),
      failed: (error) => this.#renewalFailed(error),
      renewed: () => this.#recovered('renewal'),
    })
    this.#cleanups.add('the renewal of the lease', () => this.#renewal.stop())
  }

  /** The name of the lease. */
  get name(): string {
    return this.#options.acquired.name
  }

  /** The exporter, with the labels that the controller reports. */
  get exporter(): RegisteredExporter {
    return this.#exporter
  }

  get endpoint(): Endpoint {
    const { acquired, dialTimeoutMs } = this.#options
    const address = this.#socket?.path ?? ''
    return { address, name: acquired.exporter, reconnectTimeoutMs: dialTimeoutMs, tunnels: true }
  }

  get lost(): AbortSignal {
    return this.#lost.signal
  }

  /** A controller does not know what the clients of an exporter do. */
  async activity(): Promise<undefined> {
    return undefined
  }

  release(): Promise<void> {
    this.#released ??= this.#cleanups.run().catch((error: unknown) => {
      const message = `Lease ${this.name} did not end well: ${messageOf(error)}`
      const details = { exporter: this.#exporter.name }
      throw new HardwareError('CLEANUP_FAILED', message, { cause: error, details })
    })
    return this.#released
  }

  async #open(): Promise<void> {
    const { controller, tunnels, acquired, dialTimeoutMs: timeoutMs } = this.#options
    const signal = anySignal(this.lost, this.#options.signal)
    this.#exporter = await waitUntilDialable(controller, acquired.exporter, {
      timeoutMs,
      signal,
      hookRuns: () => this.#emit({ type: 'hookWait', hook: 'beforeLease' }),
    })
    const socket = await LeaseSocket.listen({
      open: (ended) => dial({ controller, tunnels, leaseName: acquired.name, timeoutMs, signal: ended }),
      failed: (error) => this.#tunnelFailed(error),
      carried: () => this.#recovered('tunnel'),
    })
    this.#socket = socket
    this.#cleanups.add('the removal of its socket', () => socket.close())
    // It goes on while the session ends, because the hook says something, too.
    this.#cleanups.add('the end of the log', () => this.#endLog())
    this.#cleanups.add('the end of the session', () => this.#endSession(socket.path), 'self-limited')
    const connection = await connect(socket.path, { name: acquired.exporter, print: this.#print, timeoutMs, signal })
    try {
      await printPastHook(connection.channel, this.#print)
    } finally {
      connection.close()
    }
    await this.#followLog()
  }

  /** Emits the log, through a tunnel of its own. The log of a lease that somebody else has created begins now. */
  async #followLog(): Promise<void> {
    const { logLevel: level, isOwn } = this.#options
    if (level === 'off') return
    const { address, ...options } = this.endpoint
    const channel = await createChannel(address, options)
    const following = followLog(channel, { level, past: isOwn, afterLease: isOwn, print: this.#print })
    this.#endLog = async () => {
      // A lease that is lost has no session that could answer.
      if (!this.lost.aborted) await (await following)()
      channel.close()
    }
  }

  #lose(reason: HardwareError): void {
    this.#lost.abort(reason)
    // Clients see their connections close at once, instead of trying to reconnect.
    this.#socket?.close().catch(() => undefined)
  }

  #renewalFailed(error: HardwareError): void {
    const isNew = this.#failures.renewal.add(error.message)
    if (isNew) this.#emit({ type: 'renewalFailed', lease: this.name, error })
  }

  #tunnelFailed(error: HardwareError): void {
    if (this.lost.aborted) return
    const isNew = this.#failures.tunnel.add(error.message)
    if (isNew) this.#emit({ type: 'tunnelFailed', lease: this.name, error })
    // A broken tunnel may be the first sign of the lease's end.
    this.#renewal.check()
  }

  #recovered(work: 'tunnel' | 'renewal'): void {
    const failures = this.#failures[work].end()
    if (failures > 0) this.#emit({ type: 'recovered', lease: this.name, work, failures })
  }

  async #endSession(path: string): Promise<void> {
    if (!this.#options.isOwn || this.lost.aborted) return
    await endSession({
      path,
      print: this.#options.logLevel === 'off' ? this.#print : undefined,
      hookFailed: (message) => this.#emit({ type: 'hookFailed', hook: 'afterLease', message }),
    })
  }

  async #giveBack(): Promise<void> {
    if (!this.#options.isOwn || this.lost.aborted) return
    const { controller } = this.#options
    const timeoutMs = deleteTimeoutMs / 2
    await retry(() => controller.deleteLease(this.name, { timeoutMs }), { ...controllerRetry, timeoutMs }).catch(
      (error: HardwareError) => this.#emit({ type: 'leaseNotReturned', lease: this.name, error }),
    )
  }

  readonly #print = (line: string): void => this.#emit({ type: 'exporterOutput', line })

  #emit(event: WithoutExporter<LeaseEvent>): void {
    this.#options.emit({ ...event, exporter: this.#options.acquired.exporter })
  }
}
