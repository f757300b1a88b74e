import { HardwareError, messageOf } from '../errors.ts'

/**
 * Calls back when a signal is aborted; at once if it is aborted already.
 *
 * @returns a function that stops listening
 */
export function onAbort(signal: AbortSignal | undefined, abort: () => void): () => void {
  if (signal === undefined) return () => undefined
  if (signal.aborted) abort()
  else signal.addEventListener('abort', abort, { once: true })
  return () => signal.removeEventListener('abort', abort)
}

/** Joins signals: the result is aborted as soon as one of them is aborted, with its reason. `undefined` is left out. */
export function anySignal(first: AbortSignal, ...others: readonly (AbortSignal | undefined)[]): AbortSignal
export function anySignal(...signals: readonly (AbortSignal | undefined)[]): AbortSignal | undefined
export function anySignal(...signals: readonly (AbortSignal | undefined)[]): AbortSignal | undefined {
  const given = signals.filter((signal) => signal !== undefined)
  return given.length > 1 ? AbortSignal.any(given) : given[0]
}

/**
 * Waits for a promise, but only until a signal is aborted. The work behind the promise goes on; only the wait ends.
 *
 * @throws the signal's reason, or the error of the promise
 */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const stopListening = onAbort(signal, () => reject(signal.reason))
  try {
    return await Promise.race([aborted, promise])
  } finally {
    stopListening()
  }
}

/**
 * Makes the error of a wait that a signal has ended.
 *
 * @param what the name of the wait in the message: `the wait for exporter uno`
 * @returns the signal's reason if that is a HardwareError, else CALL_CANCELLED with the reason as its cause
 */
export function cancelledError(what: string, signal: AbortSignal): HardwareError {
  const reason: unknown = signal.reason
  if (reason instanceof HardwareError) return reason
  return new HardwareError('CALL_CANCELLED', `${what} was cancelled (${messageOf(reason)})`, { cause: reason })
}
