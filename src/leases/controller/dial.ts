import type { Duplex } from 'node:stream'

import { retry } from '../../base/retry.ts'
import { HardwareError, messageOf } from '../../errors.ts'
import type { ControllerCalls } from '../../protocol/controller/controller-calls.ts'
import { isRetryableDial } from '../../protocol/controller/controller-error.ts'
import type { RouterTunnels } from '../../protocol/controller/router-tunnels.ts'

/** The first and the longest pause between two dials, in milliseconds; Jumpstarter's client has the same. */
const dialRetry = { firstWaitMs: 300, maxWaitMs: 2_000, isRetryable: isRetryableDial } as const

/** Options of {@link dial}. */
export interface DialOptions {
  readonly controller: ControllerCalls
  readonly tunnels: RouterTunnels
  readonly leaseName: string
  /** The longest time that the dials may take, in milliseconds. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/**
 * Opens a tunnel to the exporter of a lease. An exporter may be ready a moment before it can be dialled, so a refusal for
 * that reason is tried again.
 *
 * @throws HardwareError CONNECTION_FAILED when the exporter does not answer in time, and the controller's refusals
 */
export async function dial({ controller, tunnels, leaseName, timeoutMs, signal }: DialOptions): Promise<Duplex> {
  try {
    const endpoint = await retry(() => controller.dial(leaseName, { signal }), { ...dialRetry, timeoutMs, signal })
    return tunnels.open(endpoint)
  } catch (error) {
    if (!isRetryableDial(error)) throw error
    const message = `The exporter of lease ${leaseName} cannot be reached within ${timeoutMs} ms: ${messageOf(error)}`
    const details = { limitMs: timeoutMs }
    throw new HardwareError('CONNECTION_FAILED', message, { cause: error, origin: 'lab', details })
  }
}
