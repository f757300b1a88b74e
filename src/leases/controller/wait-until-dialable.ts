import { setTimeout as delay } from 'node:timers/promises'

import { hookTimeoutMs } from '../../clients/wait-until-ready.ts'
import { HardwareError, messageOf } from '../../errors.ts'
import type { ControllerCalls } from '../../protocol/controller-calls.ts'
import type { ControllerExporter } from '../../protocol/controller-messages.ts'

/** There is no call that waits; the second look is after this long, each later one after twice as long. In milliseconds. */
const firstPollMs = 25
const maxPollMs = 1_000
const answerTimeoutMs = 10_000

/** What {@link waitUntilDialable} takes besides whom to wait for. */
export interface DialableOptions {
  /** How long the exporter may take to begin with the lease, in milliseconds. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
  readonly print: (line: string) => void
}

/**
 * Waits until an exporter has begun with its lease, and its hook has ended: until then a controller holds back who dials, by
 * up to three seconds, and the exporter does not answer. One that does not say where it is may be dialled.
 *
 * @throws HardwareError HOOK_FAILED, or LEASE_TIMEOUT when the hook takes longer than 300 s
 */
export async function waitUntilDialable(
  controller: ControllerCalls,
  name: string,
  { timeoutMs, signal, print }: DialableOptions,
): Promise<ControllerExporter> {
  const startedAt = performance.now()
  let isTold = false
  for (let waitMs = firstPollMs; ; waitMs = Math.min(2 * waitMs, maxPollMs)) {
    const exporter = await controller.exporter(name, { signal, timeoutMs: answerTimeoutMs })
    const waitedMs = performance.now() - startedAt
    const { status, statusMessage } = exporter
    if (status === 'BEFORE_LEASE_HOOK_FAILED') {
      throw new HardwareError('HOOK_FAILED', `exporter ${name} is not ready: ${statusMessage || 'its hook failed'}`)
    }
    if (status === 'BEFORE_LEASE_HOOK') {
      if (!isTold) print(`waiting: exporter ${name} runs its beforeLease hook`)
      isTold = true
      if (waitedMs > timeoutMs + hookTimeoutMs) {
        throw new HardwareError('LEASE_TIMEOUT', `exporter ${name}: its beforeLease hook took over ${hookTimeoutMs} ms`)
      }
    } else if (status !== 'AVAILABLE' || waitedMs > timeoutMs) return exporter
    await delay(waitMs, undefined, { signal }).catch((cause: unknown) => {
      const reason: unknown = signal.reason
      if (reason instanceof HardwareError) throw reason
      throw new HardwareError('CALL_CANCELLED', `The wait for exporter ${name} was cancelled: ${messageOf(reason)}`, {
        cause,
      })
    })
  }
}
