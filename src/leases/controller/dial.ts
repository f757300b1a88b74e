import type { Duplex } from 'node:stream'

import { HardwareError, messageOf } from '../../errors.ts'
import type { ControllerCalls } from '../../protocol/controller-calls.ts'
import type { TunnelEndpoint } from '../../protocol/controller-messages.ts'
import { mayDialAgain } from '../../protocol/controller-error.ts'
import type { RouterTunnels } from '../../protocol/router-tunnels.ts'
import { tryAgain } from '../../protocol/try-again.ts'

/** How long is waited before another try, in milliseconds (reference: Jumpstarter's client). */
const firstBackoffMs = 300
const maxBackoffMs = 2_000

/** Who opens tunnels to the exporter of a lease, and how long they may take. */
export interface Dialler {
  readonly controller: ControllerCalls
  readonly tunnels: RouterTunnels
  readonly leaseName: string
  readonly timeoutMs: number
}

/**
 * Opens a tunnel to the exporter of a lease. An exporter may be ready a moment before it can be dialled, so that a refusal
 * for that is tried again.
 *
 * @throws HardwareError CONNECTION_FAILED when that does not help in time, and what the controller refuses
 */
export async function dial(dialler: Dialler, signal: AbortSignal): Promise<Duplex> {
  return dialler.tunnels.open(await askForTunnel(dialler, signal))
}

async function askForTunnel(
  { controller, leaseName, timeoutMs }: Dialler,
  signal: AbortSignal,
): Promise<TunnelEndpoint> {
  const limits = { firstWaitMs: firstBackoffMs, maxWaitMs: maxBackoffMs, timeoutMs, signal }
  try {
    return await tryAgain(() => controller.dial(leaseName, { signal }), { ...limits, mayPass: mayDialAgain })
  } catch (error) {
    if (!mayDialAgain(error)) throw error
    const message = `The exporter of lease ${leaseName} cannot be reached within ${timeoutMs} ms: ${messageOf(error)}`
    throw new HardwareError('CONNECTION_FAILED', message, { cause: error, origin: 'lab' })
  }
}
