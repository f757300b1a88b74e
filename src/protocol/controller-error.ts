import { status as Status } from '@grpc/grpc-js'

import { type ErrorCode, HardwareError, isConnectionError, messageOf } from '../errors.ts'

/** How long after its start a controller refuses every token (reference: measured on the real one), in milliseconds. */
export const refusalAfterStartMs = 10_000

/**
 * What a failed call to a controller throws. Its codes are loose: a token that is refused is UNKNOWN, as is another
 * client's lease, so that the text is looked at too (reference: the real controller's answers).
 */
export function controllerError(error: unknown): unknown {
  if (!(error instanceof HardwareError) || isConnectionError(error) || error.cancelled) return error
  const failure = (code: ErrorCode, cure = '') =>
    new HardwareError(code, `The controller refuses: ${error.message}${cure}`, { cause: error.cause, origin: 'lab' })
  if (isTokenExpired(error)) return failure('UNAUTHENTICATED', '; get a new one with `jmp login`')
  if (/authenticate token|unauthenticated/i.test(error.message)) return failure('UNAUTHENTICATED')
  if (error.message.includes('permission denied')) return failure('UNAUTHENTICATED')
  if (error.code === 'CALL_TIMEOUT')
    return new HardwareError(error.code, error.message, { cause: error, origin: 'lab' })
  const kept: readonly ErrorCode[] = ['NOT_READY', 'NOT_IMPLEMENTED']
  return failure(kept.includes(error.code) ? error.code : 'CONTROLLER_REFUSED')
}

/** Whether a dial that failed may succeed if it is made again: the exporter, or the controller, is not there yet. */
export function mayDialAgain(error: unknown): boolean {
  const { code, details = '' } = statusOf(error)
  // The exporter has not begun to listen, or not taken yet those who dialled before.
  if (code === Status.UNAVAILABLE || code === Status.RESOURCE_EXHAUSTED) return true
  return code === Status.FAILED_PRECONDITION && details.includes('not ready')
}

/** Whether it may go better in a while: the controller, or the way to it, is not there. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof HardwareError)) return false
  return isConnectionError(error) || error.timedOut || statusOf(error).code === Status.UNAVAILABLE
}

/** Whether the controller refuses a token that is not expired, as it does with every one when it has just started. */
export function isTokenRefused(error: unknown): boolean {
  return statusOf(error).details?.includes('authenticate token') === true && !isTokenExpired(error)
}

/** Whether the controller refuses a token because it is too old. */
export function isTokenExpired(error: unknown): boolean {
  return messageOf(error).includes('token is expired')
}

/** Whether a call may go better in a while: the controller is not there, or has just started and refuses everybody. */
export function mayPass(error: unknown): boolean {
  return isTransient(error) || isTokenRefused(error)
}

function statusOf(error: unknown): { readonly code?: number; readonly details?: string } {
  return error instanceof HardwareError && typeof error.cause === 'object' && error.cause !== null ? error.cause : {}
}
