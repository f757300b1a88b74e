import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'

import { HardwareError, messageOf } from '../../errors.ts'
import type { ControllerCalls } from '../../protocol/controller-calls.ts'
import { isTokenRefused, isTransient, mayPass, refusalAfterStartMs } from '../../protocol/controller-error.ts'
import type { ControllerLeaseState, LeaseWishes } from '../../protocol/controller-messages.ts'
import { tryAgain } from '../../protocol/try-again.ts'
import { describeHolders } from './describe-holders.ts'

/** There is no call that waits; the first look is after this long, each later one after twice as long. In milliseconds. */
const firstPollMs = 25
const maxPollMs = 1_000
/** How long creating a lease may take, and giving back one that nobody waits for any more, in milliseconds. */
const answerTimeoutMs = 10_000
/** How often is looked who holds what is waited for: it costs the controller more than a look at the lease. */
const lookAroundMs = 10_000

/** How older controllers say that all exporters are leased. */
const olderPending = 'NoExporter'

/** What {@link acquireLease} takes besides what is wished for. */
export interface AcquireOptions {
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
  /** Is told why it has to wait, and for whom, whenever that changes. */
  readonly waiting?: ((why: string) => void) | undefined
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
  const { signal, waiting } = options
  // With a name of our own, one whose answer was lost can be given back, and is not created twice.
  let name: string = randomUUID()
  throwIfCancelled(signal, name)
  try {
    const create = () => createLease(controller, { ...wishes, name })
    const created = await tryAgain(create, {
      firstWaitMs: 500,
      maxWaitMs: 2_000,
      timeoutMs: Math.min(options.timeoutMs, 2 * refusalAfterStartMs),
      mayPass,
      failed: (error) => {
        const why = isTokenRefused(error) ? ' (one that has just started refuses everybody)' : ''
        waiting?.(`${messageOf(error)}${why}`)
      },
      signal,
    })
    name = created.name
    return await waitForExporter(controller, created, options)
  } catch (error) {
    await controller.deleteLease(name, { timeoutMs: answerTimeoutMs }).catch(() => undefined)
    throw error
  }
}

/** Not ended by a signal, because nobody would know then whether there is a lease. */
async function createLease(controller: ControllerCalls, wishes: LeaseWishes): Promise<ControllerLeaseState> {
  try {
    return await controller.createLease(wishes, { timeoutMs: answerTimeoutMs })
  } catch (error) {
    if (wishes.name !== undefined && messageOf(error).includes('already exists')) {
      return controller.lease(wishes.name, { timeoutMs: answerTimeoutMs })
    }
    const { tags, context, ...rest } = wishes
    const hasFacts = tags !== undefined || context !== undefined
    // Not every controller takes them; a lease without them is better than none.
    const isAboutFacts = /\b(?:tags?|context|labels?)\b/i.test(messageOf(error))
    if (!hasFacts || !isAboutFacts || isTransient(error)) throw error
    return createLease(controller, rest)
  }
}

/** Waits until a lease has an exporter; for its errors see {@link acquireLease}. */
export async function waitForExporter(
  controller: ControllerCalls,
  created: ControllerLeaseState,
  { timeoutMs, signal, waiting = () => undefined }: AcquireOptions,
): Promise<AcquiredLease> {
  const deadline = performance.now() + timeoutMs
  const look = () => controller.lease(created.name, { signal, timeoutMs: answerTimeoutMs })
  let why = ''
  let lookedAt = -Infinity
  for (let pollMs = firstPollMs, lease = created; ; pollMs = Math.min(2 * pollMs, maxPollMs)) {
    if (isAcquired(lease)) return lease
    const reason = describeWait(lease)
    if (reason !== '' && (!why.startsWith(reason) || performance.now() > lookedAt + lookAroundMs)) {
      const now = `${reason}${await describeHolders(controller, lease, signal)}`
      lookedAt = performance.now()
      if (now !== why) waiting(now)
      why = now
    }
    if (performance.now() > deadline) {
      throw new HardwareError('LEASE_TIMEOUT', `No exporter for lease ${lease.name} within ${timeoutMs} ms: ${why}`)
    }
    await delay(pollMs, undefined, signal === undefined ? {} : { signal }).catch(() => undefined)
    throwIfCancelled(signal, lease.name)
    lease = await tryAgain(look, {
      firstWaitMs: 500,
      maxWaitMs: 5_000,
      timeoutMs: deadline - performance.now(),
      mayPass,
      failed: (error) => waiting(messageOf(error)),
      signal,
    })
  }
}

function throwIfCancelled(signal: AbortSignal | undefined, name: string): void {
  if (signal?.aborted !== true) return
  const { reason: cause } = signal
  throw new HardwareError('CALL_CANCELLED', `The wait for lease ${name} was cancelled: ${messageOf(cause)}`, { cause })
}

function isAcquired(lease: ControllerLeaseState): lease is AcquiredLease {
  const condition = (type: string) => lease.conditions.find((one) => one.type === type)
  const ready = condition('Ready')
  if (ready?.holds === true && lease.exporter !== undefined && lease.end === undefined) return true
  const unsatisfiable = condition('Unsatisfiable')
  if (unsatisfiable?.holds === true && unsatisfiable.reason !== olderPending) {
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
  const pending = conditions.find(({ type, reason, holds }) => holds && (type === 'Pending' || reason === olderPending))
  return pending === undefined ? '' : `${pending.message} (${pending.reason})`
}
