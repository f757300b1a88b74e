import { type ErrorCode, type ErrorDetails, HardwareError, type HardwareErrorOptions, messageOf } from '../errors.ts'
import type { CallTarget } from './channel.ts'

/** The name of a call in errors, and its facts. */
export interface CallName {
  /** Stands in front of the message: `board.power.on`. An empty label is left out. */
  readonly label: string
  /** The driver's place in the tree: `board.power`. */
  readonly driver?: string | undefined
  /** The name of the method on the wire. */
  readonly method?: string | undefined
}

/** The other end of a connection, in errors. */
export interface Peer {
  /** The name in messages, with the address. */
  readonly address: string
  /** The facts for `HardwareError.details`. */
  readonly details: Pick<ErrorDetails, 'exporter' | 'role' | 'address'>
  /** The proxy on the way, for messages. */
  readonly proxy?: string | undefined
}

/** The name of a call to a driver. */
export function nameOf(target: CallTarget): CallName {
  const { method, driver, label = method } = target
  return { label, driver, method }
}

/** Makes the error of a call, with the name of the call in the message and in the facts. */
export function callError(
  code: ErrorCode,
  { label, driver, method }: CallName,
  text: string,
  options: HardwareErrorOptions = {},
): HardwareError {
  const prefix = label === '' ? '' : `${label}: `
  return new HardwareError(code, `${prefix}${text}`, {
    ...options,
    shortMessage: options.shortMessage === undefined ? undefined : `${prefix}${options.shortMessage}`,
    details: {
      ...options.details,
      driver: driver ?? options.details?.driver,
      method: method ?? options.details?.method,
    },
  })
}

/** Makes the error of a call that fails for a reason of its connection, which other calls may have, too. */
export function callErrorBecause(call: CallName, reason: HardwareError, cause: unknown = reason): HardwareError {
  const { code, message, shortMessage, origin, details } = reason
  return callError(code, call, message, { cause, shortMessage, origin, details })
}

/**
 * Makes the error of a call that the caller's signal has ended.
 *
 * @param what the part of the message in front of the signal's reason
 */
export function cancelledCallError(
  call: CallName,
  { details }: Peer,
  { reason }: AbortSignal,
  what = 'cancelled',
): HardwareError {
  if (reason instanceof HardwareError) return callErrorBecause(call, reason)
  return callError('CALL_CANCELLED', call, `${what} (${messageOf(reason)})`, { cause: reason, details })
}
