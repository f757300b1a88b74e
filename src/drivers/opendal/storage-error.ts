import { type ErrorCode, HardwareError, messageOf } from '../../errors.ts'

/** OpenDAL's kinds of errors (opendal::ErrorKind) that are the caller's doing, and those that say what cannot be done. */
const codes: Readonly<Record<string, ErrorCode>> = {
  AlreadyExists: 'ARGUMENT_INVALID',
  ConditionNotMatch: 'ARGUMENT_INVALID',
  ConfigInvalid: 'EXPORTER_CONFIG_INVALID',
  IsADirectory: 'ARGUMENT_INVALID',
  IsSameFile: 'ARGUMENT_INVALID',
  NotADirectory: 'ARGUMENT_INVALID',
  NotFound: 'ARGUMENT_INVALID',
  RangeNotSatisfied: 'ARGUMENT_INVALID',
  Unsupported: 'NOT_IMPLEMENTED',
}

/**
 * Converts an error of OpenDAL. Only its message has its kind: `NotFound (permanent) at stat, context: …`. Errors of this package stay
 * as they are.
 */
export function storageError(cause: unknown): HardwareError | RangeError {
  if (cause instanceof HardwareError || cause instanceof RangeError) return cause
  const message = messageOf(cause)
  if (message.endsWith('timeout reached')) return new HardwareError('CALL_TIMEOUT', message, { cause, origin: 'lab' })
  const code = codes[/^(?<kind>\w+) \(\w+\) at/.exec(message)?.groups?.['kind'] ?? '']
  return code === undefined
    ? new HardwareError('DEVICE_IO', message, { cause, origin: 'lab' })
    : new HardwareError(code, message, { cause })
}
