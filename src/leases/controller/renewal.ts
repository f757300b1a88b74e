import { HardwareError, messageOf } from '../../errors.ts'
import { isTransient } from '../../protocol/controller-error.ts'
import type { ControllerCalls } from '../../protocol/controller-calls.ts'
import type { ControllerLeaseState } from '../../protocol/controller-messages.ts'

/** What {@link keepLease} takes. */
export interface RenewalOptions {
  /** How long the lease lasts from each renewal on, in milliseconds. */
  readonly durationMs: number
  /** How long it may last in all, in milliseconds. */
  readonly maxDurationMs: number
  /** Is told, once, why it is over. */
  readonly lost: (reason: HardwareError) => void
}

/**
 * Extends a lease again and again, each time when a third of its time is left, so that one whose client was killed ends
 * soon.
 *
 * @returns what ends that
 */
export function keepLease(
  controller: ControllerCalls,
  lease: ControllerLeaseState,
  { durationMs, maxDurationMs, lost }: RenewalOptions,
): () => void {
  const begin = lease.begin?.getTime() ?? Date.now()
  /** When the lease ends unless it is extended, by the clock of this process, which does not jump. */
  let end = performance.now() + durationMs
  const startedAt = performance.now()
  let timer: NodeJS.Timeout
  const ended = new AbortController()
  const over = (why: string, cause?: unknown) => {
    if (!ended.signal.aborted) lost(new HardwareError('LEASE_LOST', `Lease ${lease.name} ${why}`, { cause }))
    ended.abort()
  }
  const renew = async () => {
    // Its duration counts from its beginning, which has whole seconds and is on the controller's clock.
    const wanted = Math.min(performance.now() - startedAt + durationMs, maxDurationMs)
    try {
      const now = await controller.updateLease(lease.name, { durationMs: wanted }, { signal: ended.signal })
      if (now.client !== lease.client) return over(`was transferred to ${now.client}`)
      if (now.end !== undefined) return over(`has ended at ${now.end.toISOString()}`)
      end = startedAt + wanted - Math.min(1_000, Date.now() - begin)
    } catch (error) {
      if (ended.signal.aborted) return undefined
      const isLost = error instanceof HardwareError && !isTransient(error)
      if (isLost || performance.now() > end) return over(`could not be extended: ${messageOf(error)}`, error)
    }
    return plan(wanted >= maxDurationMs)
  }
  const plan = (isLast = false) => {
    const leftMs = end - performance.now()
    timer = isLast
      ? setTimeout(() => over(`has lasted the ${maxDurationMs} ms that it may, and is over`), Math.max(0, leftMs))
      : setTimeout(() => void renew(), Math.max(500, (2 / 3) * leftMs))
    // The sockets of the lease keep a process alive that needs it.
    timer.unref()
  }
  plan()
  return () => {
    ended.abort()
    clearTimeout(timer)
  }
}
