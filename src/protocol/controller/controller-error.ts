import { type ErrorCode, HardwareError, isConnectionError, messageOf } from '../../errors.ts'
import { statusCodes, statusOfError } from '../call-status.ts'

/** The time after its start in which a controller refuses every token, in milliseconds; measured on Jumpstarter's controller. */
export const refusalAfterStartMs = 10_000

/**
 * Makes the error of a failed call to a controller. Jumpstarter's controller answers UNKNOWN for a refused token and for
 * another client's lease, so its text decides, too.
 */
export function controllerError(error: unknown): unknown {
  if (!(error instanceof HardwareError) || isConnectionError(error) || error.cancelled) return error
  const { cause, details } = error
  const failure = (code: ErrorCode, cure = '') =>
    new HardwareError(code, `The controller refuses: ${error.message}${cure}`, { cause, origin: 'lab', details })
  if (isTokenExpired(error)) return failure('UNAUTHENTICATED', '; get a new one with `jmp login`')
  if (isTokenRefused(error) || /unauthenticated/i.test(error.message)) return failure('UNAUTHENTICATED')
  if (error.message.includes('permission denied')) return failure('UNAUTHENTICATED')
  if (error.code === 'CALL_TIMEOUT')
    return new HardwareError(error.code, error.message, { cause: error, origin: 'lab', details })
  const kept: readonly ErrorCode[] = ['NOT_READY', 'NOT_IMPLEMENTED']
  return failure(kept.includes(error.code) ? error.code : 'CONTROLLER_REFUSED')
}

/** True if a failed dial may succeed later, because the exporter or the controller is not there yet. */
export function isRetryableDial(error: unknown): boolean {
  const { code, details = '' } = statusOfError(error)
  // The exporter does not listen yet, or has not answered earlier dials yet.
  if (code === statusCodes.UNAVAILABLE || code === statusCodes.RESOURCE_EXHAUSTED) return true
  if (isTokenRefused(error)) return true
  return code === statusCodes.FAILED_PRECONDITION && details.includes('not ready')
}

/** True if a call may succeed later, because the controller, or the way to it, is not there. */
export function isTransientFailure(error: unknown): boolean {
  if (!(error instanceof HardwareError)) return false
  return isConnectionError(error) || error.timedOut || statusOfError(error).code === statusCodes.UNAVAILABLE
}

/**
 * True if the controller refuses a token that has not expired. A controller that has just started refuses every token, because its
 * authenticator has not read the keys yet.
 */
export function isTokenRefused(error: unknown): boolean {
  const { details = '' } = statusOfError(error)
  return /authenticate token|authenticator not initialized/.test(details) && !isTokenExpired(error)
}

/** True if the controller refuses a token because it has expired. */
export function isTokenExpired(error: unknown): boolean {
  return messageOf(error).includes('token is expired')
}

/** True if a call may succeed later, because the controller is not there, or has just started and refuses every token. */
export function isRetryable(error: unknown): boolean {
  return isTransientFailure(error) || isTokenRefused(error)
}

/** True if the controller refuses to create a lease because one with this name exists. */
export function isNameTaken(error: unknown): boolean {
  return messageOf(error).includes('already exists')
}

/** True if the controller refuses to end a lease because it has ended already. */
export function isAlreadyReleased(error: unknown): boolean {
  return messageOf(error).includes('already been released')
}

/** True if the error is about the tags or the context of a lease, which some controllers refuse. */
export function mentionsTags(error: unknown): boolean {
  return /\b(?:tags?|context|labels?)\b/i.test(messageOf(error))
}
