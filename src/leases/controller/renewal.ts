import { now, startTimer, stopTimer } from '../../base/clock.ts'
import { HardwareError, messageOf } from '../../errors.ts'
import type { ControllerCalls } from '../../protocol/controller/controller-calls.ts'
import { isRetryable, isTokenExpired } from '../../protocol/controller/controller-error.ts'
import type { LeaseStatus } from '../../protocol/controller/controller-messages.ts'
import { leaseCallTimeoutMs } from './limits.ts'

/** The longest time between two looks at a lease, in milliseconds; Jumpstarter's client looks as often. */
const lookEveryMs = 30_000
/** The shortest time between two looks, in milliseconds. */
const minLookEveryMs = 500
/**
 * The time by which a lease may end earlier than requested, in milliseconds: a controller's times have whole seconds, and the
 * lease begins before its client learns of it.
 */
const earlyEndMs = 2_000

/** Options of {@link LeaseRenewal}. */
export interface RenewalOptions {
  /** The time that the lease lasts from each renewal on, in milliseconds; without it, the lease is watched and not extended. */
  readonly durationMs: number | undefined
  /** The longest time that the lease may last in all, in milliseconds. */
  readonly maxDurationMs: number
  /** Receives the reason of the lease's end, once. */
  readonly lost: (reason: HardwareError) => void
  /** Receives failures that are tried again. */
  readonly failed?: ((error: HardwareError) => void) | undefined
  /** Is called each time that the lease has been extended or read. */
  readonly renewed?: (() => void) | undefined
}

/**
 * Extends a lease repeatedly, each time when a third of its time is left, and reports its end. The lease of a client that was
 * killed ends soon.
 */
export class LeaseRenewal {
  readonly #controller: ControllerCalls
  readonly #lease: LeaseStatus
  readonly #options: RenewalOptions
  readonly #isExtended: boolean
  readonly #startedAt = now()
  readonly #stopped = new AbortController()
  /** The end of the lease unless it is extended, by this process's own clock. */
  #endsAt: number
  #timer: NodeJS.Timeout | undefined
  #isLooking = false

  /** Begins at once. */
  constructor(controller: ControllerCalls, lease: LeaseStatus, options: RenewalOptions) {
    this.#controller = controller
    this.#lease = lease
    this.#options = options
    const { durationMs } = options
    this.#isExtended = durationMs !== undefined && lease.isExtendable
    this.#endsAt = this.#isExtended ? this.#startedAt + (durationMs ?? 0) - earlyEndMs : Infinity
    this.#plan()
  }

  /** Looks now if the lease still exists. */
  check(): void {
    if (this.#stopped.signal.aborted || this.#isLooking) return
    stopTimer(this.#timer)
    void this.#look()
  }

  /** Stops extending and watching the lease. May be called again. */
  stop(): void {
    this.#stopped.abort()
    stopTimer(this.#timer)
  }

  /** Plans the next look, or the end of a lease that cannot be extended any more. */
  #plan(): void {
    const { maxDurationMs } = this.#options
    const leftMs = this.#endsAt - now()
    const isLast = this.#isExtended && this.#endsAt + earlyEndMs >= this.#startedAt + maxDurationMs
    stopTimer(this.#timer)
    this.#timer = isLast
      ? startTimer(() => this.#lost(describeLimit(maxDurationMs)), Math.max(0, leftMs))
      : startTimer(() => void this.#look(), Math.min(lookEveryMs, Math.max(minLookEveryMs, (2 / 3) * leftMs)))
    // The lease's socket keeps a process alive that uses the lease.
    this.#timer.unref()
  }

  async #look(): Promise<void> {
    this.#isLooking = true
    try {
      const end = this.#describeEnd(await this.#renew(), this.#limitMs)
      this.#options.renewed?.()
      if (end !== undefined) return this.#lost(end)
    } catch (error) {
      if (this.#stopped.signal.aborted) return undefined
      if (!isRetryable(error) && !isTokenExpired(error)) return this.#lost(await this.#findEnd(error), error)
      if (now() > this.#endsAt) return this.#lost(describeFailure(error), error)
      this.#options.failed?.(error as HardwareError)
    } finally {
      this.#isLooking = false
    }
    return this.#plan()
  }

  async #renew(): Promise<LeaseStatus> {
    const { durationMs, maxDurationMs } = this.#options
    const limits = { signal: this.#stopped.signal, timeoutMs: leaseCallTimeoutMs }
    if (!this.#isExtended || durationMs === undefined) return this.#controller.lease(this.#lease.name, limits)
    // A controller counts the duration from the lease's beginning.
    const wholeMs = Math.min(now() - this.#startedAt + durationMs, maxDurationMs)
    const lease = await this.#controller.updateLease(this.#lease.name, { durationMs: wholeMs }, limits)
    this.#endsAt = this.#startedAt + wholeMs - earlyEndMs
    return lease
  }

  #lost(why: string, cause?: unknown): void {
    const message = `Lease ${this.#lease.name} ${why}`
    const details = { exporter: this.#lease.exporter }
    if (!this.#stopped.signal.aborted) this.#options.lost(new HardwareError('LEASE_LOST', message, { cause, details }))
    this.stop()
  }

  /** The time after which a lease ends by itself, in milliseconds. */
  get #limitMs(): number {
    return this.#isExtended ? this.#options.maxDurationMs : this.#lease.durationMs
  }

  /** @returns the reason of the lease's end; `undefined` if it goes on */
  #describeEnd(status: LeaseStatus, limitMs: number): string | undefined {
    if (status.client !== this.#lease.client) return `was transferred to ${status.client}`
    if (status.end === undefined) return undefined
    if (now() - this.#startedAt >= limitMs - earlyEndMs) return describeLimit(limitMs)
    const ready = status.conditions.find(({ type }) => type === 'Ready')
    return `has ended${ready === undefined ? '' : `: ${ready.message} (${ready.reason})`}`
  }

  /** Asks a controller that does not extend the lease for the reason of its end. */
  async #findEnd(error: unknown): Promise<string> {
    const now = await this.#controller.lease(this.#lease.name, { timeoutMs: leaseCallTimeoutMs }).catch(() => undefined)
    return (now && this.#describeEnd(now, Infinity)) ?? describeFailure(error)
  }
}

function describeLimit(limitMs: number): string {
  return `has lasted the ${limitMs} ms that it may, and is over`
}

function describeFailure(error: unknown): string {
  return `could not be extended: ${messageOf(error)}`
}
