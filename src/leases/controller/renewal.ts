import { HardwareError, messageOf } from '../../errors.ts'
import { isTokenExpired, mayPass } from '../../protocol/controller-error.ts'
import type { ControllerCalls } from '../../protocol/controller-calls.ts'
import type { ControllerLeaseState } from '../../protocol/controller-messages.ts'

/** How often is looked whether a lease is still there that is not extended, in milliseconds (reference: Jumpstarter's client). */
const watchMs = 30_000
/**
 * How much earlier a lease may end than it was asked for, in milliseconds: a controller's times have whole seconds, and it has
 * begun before its client looked.
 */
const marginMs = 2_000
const answerTimeoutMs = 10_000

/** What {@link keepLease} takes. */
export interface RenewalOptions {
  /** How long the lease lasts from each renewal on, in milliseconds; without it, it is watched and not extended. */
  readonly durationMs: number | undefined
  /** How long it may last in all, in milliseconds. */
  readonly maxDurationMs: number
  /** Is told, once, why it is over. */
  readonly lost: (reason: HardwareError) => void
  /** Gets what goes wrong and may still go well. */
  readonly print?: (line: string) => void
}

/** A lease that is kept. */
export interface KeptLease {
  /** Looks now whether it is still there, because there is reason to doubt it. */
  readonly check: () => void
  /** Lets it be. */
  readonly stop: () => void
}

/**
 * Extends a lease again and again, each time when a third of its time is left, so that one whose client was killed ends
 * soon; and finds out when it is over.
 */
export function keepLease(
  controller: ControllerCalls,
  lease: ControllerLeaseState,
  { durationMs, maxDurationMs, lost, print = () => undefined }: RenewalOptions,
): KeptLease {
  const startedAt = performance.now()
  const isExtended = durationMs !== undefined && lease.isFixed !== true
  const limitMs = isExtended ? maxDurationMs : lease.durationMs
  /** When it ends unless it is extended, by the clock of this process, which neither jumps nor differs from itself. */
  let end = isExtended ? startedAt + durationMs - marginMs : Infinity
  let timer: NodeJS.Timeout | undefined
  let isLooking = false
  const ended = new AbortController()
  const over = (why: string, cause?: unknown) => {
    if (!ended.signal.aborted) lost(new HardwareError('LEASE_LOST', `Lease ${lease.name} ${why}`, { cause }))
    stop()
  }
  const ask = async () => {
    const limits = { signal: ended.signal, timeoutMs: answerTimeoutMs }
    if (!isExtended) return controller.lease(lease.name, limits)
    // Its duration counts from its beginning.
    const wantedMs = Math.min(performance.now() - startedAt + durationMs, maxDurationMs)
    const now = await controller.updateLease(lease.name, { durationMs: wantedMs }, limits)
    end = startedAt + wantedMs - marginMs
    return now
  }
  const look = async () => {
    isLooking = true
    try {
      const now = await ask()
      if (now.client !== lease.client) return over(`was transferred to ${now.client}`)
      if (now.end !== undefined) return over(describeEnd(now, performance.now() - startedAt, limitMs))
    } catch (error) {
      if (ended.signal.aborted) return undefined
      if (!mayPass(error) && !isTokenExpired(error)) return over(await describeLoss(controller, lease, error), error)
      if (performance.now() > end) return over(`could not be extended: ${messageOf(error)}`, error)
      print(`warning: lease ${lease.name} could not be looked after, which is tried again: ${messageOf(error)}`)
    } finally {
      isLooking = false
    }
    return plan()
  }
  const plan = () => {
    const now = performance.now()
    const leftMs = end - now
    const isLast = isExtended && end + marginMs >= startedAt + maxDurationMs
    clearTimeout(timer)
    if (isLast) {
      const why = `has lasted the ${maxDurationMs} ms that it may, and is over`
      timer = setTimeout(() => over(why), Math.max(0, leftMs))
    } else {
      timer = setTimeout(() => void look(), Math.min(watchMs, Math.max(500, (2 / 3) * leftMs)))
    }
    // The sockets of the lease keep a process alive that needs it.
    timer.unref()
  }
  const stop = () => {
    ended.abort()
    clearTimeout(timer)
  }
  plan()
  return {
    stop,
    check: () => {
      if (ended.signal.aborted || isLooking) return
      clearTimeout(timer)
      void look()
    },
  }
}

function describeEnd(now: ControllerLeaseState, lastedMs: number, limitMs: number): string {
  const why = now.conditions.find(({ type }) => type === 'Ready')
  const reason = why === undefined ? '' : `: ${why.message} (${why.reason})`
  return lastedMs >= limitMs - marginMs ? `has lasted the ${limitMs} ms that it may, and is over` : `has ended${reason}`
}

/** A controller that does not extend a lease may still say what has become of it. */
async function describeLoss(controller: ControllerCalls, lease: ControllerLeaseState, error: unknown): Promise<string> {
  try {
    const now = await controller.lease(lease.name, { timeoutMs: answerTimeoutMs })
    if (now.client !== lease.client) return `was transferred to ${now.client}`
    if (now.end !== undefined) return describeEnd(now, 0, Infinity)
  } catch {
    // What the first answer said is told.
  }
  return `could not be extended: ${messageOf(error)}`
}
