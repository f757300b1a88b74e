import { randomUUID } from 'node:crypto'

import { now } from '../../base/clock.ts'
import { cancelledError } from '../../base/abort.ts'
import { pollUntil } from '../../base/poll.ts'
import { retry } from '../../base/retry.ts'
import { parseSelector } from '../../base/selector.ts'
import { HardwareError } from '../../errors.ts'
import type { ControllerCalls } from '../../protocol/controller/controller-calls.ts'
import {
  isNameTaken,
  isRetryable,
  isTransientFailure,
  mentionsTags,
  refusalAfterStartMs,
} from '../../protocol/controller/controller-error.ts'
import type { LeaseSpec, LeaseStatus } from '../../protocol/controller/controller-messages.ts'
import { controllerPoll, controllerRetry, leaseCallTimeoutMs } from './limits.ts'
import { WaitReporter, type WaitReporterOptions } from './wait-reporter.ts'

/** The condition reason with which the oldest controllers say that all exporters are leased. */
const legacyPendingReason = 'NoExporter'

/** Options of {@link acquireLease} and {@link waitForExporter}. */
export interface AcquireOptions extends WaitReporterOptions {
  /** The longest wait for an exporter, in milliseconds. */
  readonly timeoutMs: number
}

/** A lease that has an exporter. */
export interface AcquiredLease extends LeaseStatus {
  readonly exporter: string
}

/**
 * Asks a controller for a lease, and waits until it has an exporter. A lease that gets none is given back.
 *
 * @throws HardwareError NO_EXPORTER when no exporter can ever match, SELECTOR_INVALID for a selector that the controller does
 *   not accept, LEASE_TIMEOUT, LEASE_LOST when somebody else has ended the lease, and the controller's refusals
 */
export async function acquireLease(
  controller: ControllerCalls,
  spec: LeaseSpec,
  options: AcquireOptions,
): Promise<AcquiredLease> {
  const { signal, timeoutMs } = options
  // The client chooses the name, so that it can give back a lease whose creation was not answered, and creates it only once.
  let name: string = randomUUID()
  if (signal?.aborted === true) throw cancelledError(nameOfWait(name), signal)
  try {
    const reporter = new WaitReporter(controller, options)
    const created = await retry(() => createLease(controller, { ...spec, name }), {
      ...controllerRetry,
      timeoutMs: Math.min(timeoutMs, 2 * refusalAfterStartMs),
      failed: (error) => reporter.reportFailure(error),
      signal,
    })
    name = created.name
    return await waitForExporter(controller, name, { ...options, created })
  } catch (error) {
    await controller.deleteLease(name, { timeoutMs: leaseCallTimeoutMs }).catch(() => undefined)
    throw error
  }
}

/**
 * Creates a lease. No signal cancels the call, because the client would not know then whether there is a lease.
 *
 * @throws HardwareError SELECTOR_INVALID when the controller refuses a selector that is none
 */
async function createLease(controller: ControllerCalls, spec: LeaseSpec): Promise<LeaseStatus> {
  try {
    return await controller.createLease(spec, { timeoutMs: leaseCallTimeoutMs })
  } catch (error) {
    if (spec.name !== undefined && isNameTaken(error)) {
      return controller.lease(spec.name, { timeoutMs: leaseCallTimeoutMs })
    }
    // The controller does not name the place of a mistake.
    if (!isTransientFailure(error)) parseSelector(spec.selector)
    const { tags, context, ...rest } = spec
    const hasTags = tags !== undefined || context !== undefined
    // Some controllers refuse tags; a lease without tags is better than none.
    if (!hasTags || !mentionsTags(error) || isTransientFailure(error)) throw error
    return createLease(controller, rest)
  }
}

/**
 * Waits until a lease has an exporter; for its errors see {@link acquireLease}.
 *
 * @param options `created` is the answer to the creation of the lease
 */
export async function waitForExporter(
  controller: ControllerCalls,
  name: string,
  { created, ...options }: AcquireOptions & { readonly created?: LeaseStatus },
): Promise<AcquiredLease> {
  const { timeoutMs, signal } = options
  const reporter = new WaitReporter(controller, options)
  const deadline = now() + timeoutMs
  const readLease = () =>
    retry(() => controller.lease(name, { signal, timeoutMs: leaseCallTimeoutMs }), {
      firstWaitMs: 500,
      maxWaitMs: 5_000,
      timeoutMs: deadline - now(),
      isRetryable,
      failed: (error) => reporter.reportFailure(error),
      signal,
    })
  let known = created
  const look = async () => {
    const lease = known ?? (await readLease())
    known = undefined
    if (isAcquired(lease)) return lease
    await reporter.report(lease, pendingReason(lease))
    return undefined
  }
  const acquired = await pollUntil(look, { ...controllerPoll, timeoutMs, signal, what: nameOfWait(name) })
  if (acquired !== undefined) return acquired
  const message = `No exporter for lease ${name} within ${timeoutMs} ms: ${reporter.lastReason}`
  throw new HardwareError('LEASE_TIMEOUT', message, { details: { limitMs: timeoutMs } })
}

function nameOfWait(name: string): string {
  return `The wait for lease ${name}`
}

function isAcquired(lease: LeaseStatus): lease is AcquiredLease {
  const condition = (type: string) => lease.conditions.find((one) => one.type === type)
  const ready = condition('Ready')
  if (ready?.holds === true && lease.exporter !== undefined && lease.end === undefined) return true
  const unsatisfiable = condition('Unsatisfiable')
  if (unsatisfiable?.holds === true && unsatisfiable.reason !== legacyPendingReason) {
    const message = `No exporter can ever have ${lease.selector}: ${unsatisfiable.message} (${unsatisfiable.reason})`
    throw new HardwareError('NO_EXPORTER', message)
  }
  const invalid = condition('Invalid')
  if (invalid?.holds === true) {
    throw new HardwareError('SELECTOR_INVALID', `The controller does not accept ${lease.selector}: ${invalid.message}`)
  }
  if (lease.end !== undefined) {
    const message = `Lease ${lease.name} has ended: ${ready?.message ?? 'the controller gives no reason'}`
    throw new HardwareError('LEASE_LOST', message, { details: { exporter: lease.exporter } })
  }
  return false
}

function pendingReason({ conditions }: LeaseStatus): string {
  const pending = conditions.find(
    ({ type, reason, holds }) => holds && (type === 'Pending' || reason === legacyPendingReason),
  )
  return pending === undefined ? '' : `${pending.message} (${pending.reason})`
}
