import { status as Status } from '@grpc/grpc-js'

import { type ErrorCode, HardwareError } from '../errors.ts'

/**
 * What a failed call to a controller throws. Its codes are loose: a token that is refused is UNKNOWN, as is another
 * client's lease, so that the text is looked at too (reference: the real controller's answers).
 */
export function controllerError(error: unknown): unknown {
  if (!(error instanceof HardwareError) || error.code.startsWith('CONNECTION_') || error.cancelled) return error
  const failure = (code: ErrorCode, cure = '') =>
    new HardwareError(code, `The controller refuses: ${error.message}${cure}`, { cause: error.cause, origin: 'lab' })
  if (error.message.includes('token is expired')) return failure('UNAUTHENTICATED', '; get a new one with `jmp login`')
  if (/authenticate token|unauthenticated/i.test(error.message)) return failure('UNAUTHENTICATED')
  if (error.message.includes('permission denied')) return failure('UNAUTHENTICATED')
  if (error.code === 'CALL_TIMEOUT')
    return new HardwareError(error.code, error.message, { cause: error, origin: 'lab' })
  return failure(error.code === 'NOT_READY' ? 'NOT_READY' : 'CONTROLLER_REFUSED')
}

/** Whether a call that failed may succeed if it is made again: the exporter, or the controller, is not there yet. */
export function mayDialAgain(error: unknown): boolean {
  if (!(error instanceof HardwareError)) return false
  const { code, details = '' } = (error.cause ?? {}) as { readonly code?: number; readonly details?: string }
  return code === Status.UNAVAILABLE || (code === Status.FAILED_PRECONDITION && details.includes('not ready'))
}

/** Whether it may go better in a while: the controller, or the way to it, is not there. */
export function isTransient(error: unknown): boolean {
  return error instanceof HardwareError && (error.code.startsWith('CONNECTION_') || error.timedOut)
}
