import { HardwareError } from '../../errors.ts'

/**
 * Checks the state that a client wants a control line (DTR, RTS) to have: clients in other languages can send any value.
 *
 * @throws HardwareError ARGUMENT_INVALID
 */
export function controlLineState(value: unknown): boolean {
  if (typeof value === 'boolean') return value
  throw new HardwareError('ARGUMENT_INVALID', `The line is set to ${JSON.stringify(value)}; it can be true or false`)
}
