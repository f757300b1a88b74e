import { isDeepStrictEqual } from 'node:util'

import { now } from '../../base/clock.ts'
import { RepeatedFailures } from '../../base/repeated-failures.ts'
import { type HardwareError, messageOf } from '../../errors.ts'
import type { ControllerCalls } from '../../protocol/controller/controller-calls.ts'
import type { LeaseStatus } from '../../protocol/controller/controller-messages.ts'
import { describeWait } from '../describe-wait.ts'
import type { ReserveWait } from '../lease.ts'
import { findLeaseHolders } from './lease-holders.ts'

/** The shortest time between two searches for the holders, in milliseconds: two lists cost a controller more than one lease. */
const findHoldersEveryMs = 10_000

/** Options of {@link WaitReporter}. */
export interface WaitReporterOptions {
  readonly signal?: AbortSignal | undefined
  /** Receives the reason of the wait, each time that it changes. */
  readonly waiting?: ((wait: ReserveWait) => void) | undefined
}

/** Reports why a lease has no exporter yet, and who holds the exporters that it waits for. */
export class WaitReporter {
  readonly #controller: ControllerCalls
  readonly #options: WaitReporterOptions
  #last: Extract<ReserveWait, { type: 'controller' }> | undefined
  #holdersFoundAt = -Infinity
  readonly #failures = new RepeatedFailures()

  constructor(controller: ControllerCalls, options: WaitReporterOptions) {
    this.#controller = controller
    this.#options = options
  }

  /** The reason of the wait in words; empty if the controller has given none. */
  get lastReason(): string {
    return this.#last === undefined ? '' : describeWait(this.#last)
  }

  /**
   * Reports a change of the reason at once, and of the holders after a while.
   *
   * @param reason the controller's text; empty if it gives none
   */
  async report(lease: LeaseStatus, reason: string): Promise<void> {
    if (reason === '') return
    const isKnown = reason === this.#last?.reason
    if (isKnown && now() < this.#holdersFoundAt + findHoldersEveryMs) return
    const holders = await findLeaseHolders(this.#controller, lease, this.#options.signal)
    this.#holdersFoundAt = now()
    const wait = { type: 'controller', reason, holders } as const
    if (!isDeepStrictEqual(wait, this.#last)) this.#options.waiting?.(wait)
    this.#last = wait
  }

  /** Reports a call that has failed and is tried again, once for each reason. */
  reportFailure(error: unknown): void {
    if (!this.#failures.add(messageOf(error))) return
    this.#options.waiting?.({ type: 'failure', error: error as HardwareError })
  }
}
