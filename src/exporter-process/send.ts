import { HardwareError, messageOf } from '../errors.ts'
import type { FailureFacts, FromExporter } from '../leases/local/exporter-messages.ts'

/** Sends a message to the run. Never fails: a run that is dead needs no messages. */
export function send(message: FromExporter): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected) process.send?.(message, () => resolve())
    else resolve()
  })
}

/** The facts of an error in a message to the run. */
export function factsOf(error: unknown): FailureFacts {
  const message = messageOf(error)
  const { code, origin, details } =
    error instanceof HardwareError ? error : new HardwareError('EXPORTER_FAILED', message)
  return { code, origin, details, message }
}

/** Reports the failure of the start, or of a request. */
export function sendFailure(
  error: unknown,
  request: { readonly id?: number; readonly outOfService?: boolean } = {},
): Promise<void> {
  return send({ type: 'failed', ...factsOf(error), ...request })
}
