import { messageOf } from '../errors.ts'

/** The answer of one check. */
export interface CheckResult<State extends string> {
  readonly state: State
  readonly yes: boolean
  /** The error that the check threw. */
  readonly error: unknown
}

/** The state in which the checks found a board. */
export interface Observation<State extends string> {
  /** `undefined` if no check said yes. */
  readonly state: State | undefined
  /** The answers of the checks, in order. */
  readonly results: readonly CheckResult<State>[]
}

/** Describes an observation as the end of a sentence that begins with the board: `is in 'uboot'`. */
export function describeObservation<State extends string>({ state, results }: Observation<State>): string {
  if (state !== undefined) return `is in '${state}'`
  const said = results.map((result) => `'${result.state}' says ${describeResult(result)}`)
  return `is in no known state${said.length === 0 ? '' : ` (${said.join('; ')})`}`
}

/** Describes the answer of a check: `no`, or `no` with the error. */
export function describeResult<State extends string>({ yes, error }: CheckResult<State>): string {
  if (yes) return 'yes'
  return error === undefined ? 'no' : `no, ${messageOf(error)}`
}
