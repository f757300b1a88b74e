import { now } from '../../base/clock.ts'
import { pollUntil } from '../../base/poll.ts'
import { retry } from '../../base/retry.ts'
import { hookTimeoutMs } from '../../clients/wait-until-ready.ts'
import { HardwareError } from '../../errors.ts'
import type { ControllerCalls } from '../../protocol/controller/controller-calls.ts'
import type { RegisteredExporter } from '../../protocol/controller/controller-messages.ts'
import { controllerPoll, controllerRetry, leaseCallTimeoutMs } from './limits.ts'

/** Options of {@link waitUntilDialable}. */
export interface DialableOptions {
  /** The longest time until the exporter begins with the lease, and that a controller may be away, in milliseconds. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
  /** Is called once if the exporter runs its beforeLease hook. */
  readonly hookRuns: () => void
}

/**
 * Waits until an exporter has begun with its lease, and its hook has ended. A client that dials earlier gets no answer: the
 * controller holds the call back for up to three seconds, and the exporter does not listen. An exporter that does not report
 * its status may be dialled at once.
 *
 * @throws HardwareError HOOK_FAILED, or LEASE_TIMEOUT when the hook takes longer than 300 s
 */
export async function waitUntilDialable(
  controller: ControllerCalls,
  name: string,
  { timeoutMs, signal, hookRuns }: DialableOptions,
): Promise<RegisteredExporter> {
  const startedAt = now()
  let isReported = false
  const readExporter = () =>
    retry(() => controller.exporter(name, { signal, timeoutMs: leaseCallTimeoutMs }), {
      ...controllerRetry,
      timeoutMs,
      signal,
    })
  const look = async () => {
    const exporter = await readExporter()
    const { status, statusMessage } = exporter
    if (status === 'BEFORE_LEASE_HOOK_FAILED') {
      const message = `exporter ${name} is not ready: ${statusMessage || 'its hook failed'}`
      throw new HardwareError('HOOK_FAILED', message, { details: { exporter: name } })
    }
    if (status === 'BEFORE_LEASE_HOOK') {
      if (!isReported) hookRuns()
      isReported = true
      return undefined
    }
    const mayBegin = status === 'AVAILABLE' && now() - startedAt <= timeoutMs
    return mayBegin ? undefined : exporter
  }
  const limits = { ...controllerPoll, timeoutMs: timeoutMs + hookTimeoutMs, signal }
  const exporter = await pollUntil(look, { ...limits, what: `The wait for exporter ${name}` })
  if (exporter !== undefined) return exporter
  const message = `exporter ${name}: its beforeLease hook took over ${hookTimeoutMs} ms`
  throw new HardwareError('LEASE_TIMEOUT', message, { details: { exporter: name, limitMs: hookTimeoutMs } })
}
