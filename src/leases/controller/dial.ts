import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'

import { HardwareError, messageOf } from '../../errors.ts'
import type { ControllerCalls } from '../../protocol/controller-calls.ts'
import type { TunnelEndpoint } from '../../protocol/controller-messages.ts'
import { mayDialAgain } from '../../protocol/controller-error.ts'
import type { RouterTunnels } from '../../protocol/router-tunnels.ts'

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
  const deadline = performance.now() + timeoutMs
  for (let backoffMs = firstBackoffMs; ; backoffMs = Math.min(2 * backoffMs, maxBackoffMs)) {
    try {
      return await controller.dial(leaseName, { signal })
    } catch (error) {
      if (!mayDialAgain(error)) throw error
      if (performance.now() + backoffMs > deadline) {
        const message = `The exporter of lease ${leaseName} cannot be reached within ${timeoutMs} ms: ${messageOf(error)}`
        throw new HardwareError('CONNECTION_FAILED', message, { cause: error, origin: 'lab' })
      }
      await delay(backoffMs, undefined, { signal })
    }
  }
}
