import { HardwareError } from '../errors.ts'
import type { RunEvent } from '../leases/run-event.ts'
import type { PlainEvent } from './messages.ts'

/** Makes an event plain for another process: errors become their facts. */
export function plainEvent(event: RunEvent): PlainEvent {
  const entries = Object.entries(event).map(([name, value]) => [name, value instanceof Error ? factsOf(value) : value])
  return { type: event.type, ...Object.fromEntries(entries) }
}

function factsOf(error: Error): object {
  const { name, message } = error
  return error instanceof HardwareError ? { name, message, code: error.code, origin: error.origin } : { name, message }
}
