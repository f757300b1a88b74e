import { setTimeout as delay } from 'node:timers/promises'

import { HardwareError, messageOf } from '../../errors.ts'
import type { ControllerCalls } from '../../protocol/controller-calls.ts'
import type { ControllerLeaseState, LeaseWishes } from '../../protocol/controller-messages.ts'

/** There is no call that waits; the first look is after this long, each later one after twice as long. In milliseconds. */
const firstPollMs = 25
const maxPollMs = 1_000
/** How long giving back a lease may take that nobody waits for any more, in milliseconds. */
const giveBackTimeoutMs = 10_000

/** What {@link acquireLease} takes besides what is wished for. */
export interface AcquireOptions {
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
  /** Is told why it has to wait, whenever that changes. */
  readonly waiting?: (why: string) => void
}

/** A lease that an exporter has been found for. */
export interface AcquiredLease extends ControllerLeaseState {
  readonly exporter: string
}

/**
 * Asks a controller for a lease, and waits until it has an exporter. What comes to nothing is given back.
 *
 * @throws HardwareError NO_EXPORTER when no exporter can ever have it, SELECTOR_INVALID for a selector that the controller
 *   does not take, LEASE_TIMEOUT, LEASE_LOST when it was ended meanwhile, and what the controller refuses
 */
export async function acquireLease(
  controller: ControllerCalls,
  wishes: LeaseWishes,
  options: AcquireOptions,
): Promise<AcquiredLease> {
  const { signal } = options
  const created = await controller.createLease(wishes, { signal })
  try {
    return await waitForExporter(controller, created, options)
  } catch (error) {
    await controller.deleteLease(created.name, { timeoutMs: giveBackTimeoutMs }).catch(() => undefined)
    throw error
  }
}

/** Waits until a lease has an exporter; for its errors see {@link acquireLease}. */
export async function waitForExporter(
  controller: ControllerCalls,
  created: ControllerLeaseState,
  { timeoutMs, signal, waiting = () => undefined }: AcquireOptions,
): Promise<AcquiredLease> {
  const deadline = performance.now() + timeoutMs
  let why = ''
  for (let pollMs = firstPollMs, lease = created; ; pollMs = Math.min(2 * pollMs, maxPollMs)) {
    if (isAcquired(lease)) return lease
    const now = describeWait(lease)
    if (now !== why && now !== '') waiting(now)
    why = now
    if (performance.now() > deadline) {
      throw new HardwareError('LEASE_TIMEOUT', `No exporter for lease ${lease.name} within ${timeoutMs} ms: ${why}`)
    }
    await delay(pollMs, undefined, signal === undefined ? {} : { signal }).catch((cause: unknown) => {
      const reason = messageOf(signal?.reason ?? cause)
      throw new HardwareError('CALL_CANCELLED', `The wait for lease ${lease.name} was cancelled: ${reason}`, { cause })
    })
    lease = await controller.lease(created.name, { signal })
  }
}

function isAcquired(lease: ControllerLeaseState): lease is AcquiredLease {
  const condition = (type: string) => lease.conditions.find((one) => one.type === type)
  const ready = condition('Ready')
  if (ready?.holds === true && lease.exporter !== undefined) return true
  const unsatisfiable = condition('Unsatisfiable')
  if (unsatisfiable?.holds === true) {
    const message = `No exporter can ever have ${lease.selector}: ${unsatisfiable.message} (${unsatisfiable.reason})`
    throw new HardwareError('NO_EXPORTER', message)
  }
  const invalid = condition('Invalid')
  if (invalid?.holds === true) {
    throw new HardwareError('SELECTOR_INVALID', `The controller does not take ${lease.selector}: ${invalid.message}`)
  }
  if (lease.end !== undefined) {
    throw new HardwareError('LEASE_LOST', `Lease ${lease.name} has ended: ${ready?.message ?? 'nobody says why'}`)
  }
  return false
}

function describeWait({ conditions }: ControllerLeaseState): string {
  const pending = conditions.find(({ type, holds }) => type === 'Pending' && holds)
  return pending === undefined ? '' : `${pending.message} (${pending.reason})`
}
