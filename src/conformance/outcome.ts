import { withTimeLimit } from '../base/time-limit.ts'
import { HardwareError, messageOf } from '../errors.ts'

/** The result of a call, or the error that it ended with. */
export type Outcome<T> =
  | { readonly failed: false; readonly value: T }
  | { readonly failed: true; readonly error: unknown }

/**
 * Waits for the end of a call, whatever the end is.
 *
 * @param what the call in the error
 * @throws HardwareError CALL_TIMEOUT when the call hangs
 */
export function outcomeOf<T>(what: string, timeoutMs: number, call: Promise<T>): Promise<Outcome<T>> {
  const outcome = call.then(
    (value): Outcome<T> => ({ failed: false, value }),
    (error: unknown): Outcome<T> => ({ failed: true, error }),
  )
  return withTimeLimit({ name: what, timeoutMs }, () => outcome)
}

/** Describes an outcome for the message of a failed test: `it ended with DEVICE_IO (origin board): …`. */
export function describeOutcome(outcome: Outcome<unknown>): string {
  if (!outcome.failed) return 'it succeeded'
  const { error } = outcome
  const kind = error instanceof HardwareError ? `${error.code} (origin ${error.origin})` : 'an error without a code'
  return `it ended with ${kind}: ${messageOf(error)}`
}

/** True if a call failed because of the device or its surroundings, so that nobody blames the test or the firmware. */
export function blamesDevice(outcome: Outcome<unknown>): boolean {
  return outcome.failed && outcome.error instanceof HardwareError && /^(?:board|lab)$/.test(outcome.error.origin)
}

/** True if a call failed with one of these codes. */
export function failedWith(outcome: Outcome<unknown>, ...codes: readonly string[]): boolean {
  return outcome.failed && outcome.error instanceof HardwareError && codes.includes(outcome.error.code)
}
