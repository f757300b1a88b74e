import { messageOf } from '../errors.ts'

/** What a check said. */
export interface CheckAnswer<State extends string> {
  readonly state: State
  readonly yes: boolean
  /** What it threw, if it did. */
  readonly error: unknown
}

/** What the checks found a board to be in. */
export interface Sighting<State extends string> {
  /** `undefined` when no check said yes. */
  readonly state: State | undefined
  /** What each check said, in the order they were asked. */
  readonly answers: readonly CheckAnswer<State>[]
}

/** A sighting as the end of a sentence that begins with the board: `is in 'uboot'`. */
export function describeSighting<State extends string>({ state, answers }: Sighting<State>): string {
  if (state !== undefined) return `is in '${state}'`
  const said = answers.map((answer) => `'${answer.state}' says ${describeAnswer(answer)}`)
  return `is in no known state${said.length === 0 ? '' : ` (${said.join('; ')})`}`
}

/** What a check said: `no`, or what it threw. */
export function describeAnswer<State extends string>({ yes, error }: CheckAnswer<State>): string {
  if (yes) return 'yes'
  return error === undefined ? 'no' : `no, ${messageOf(error)}`
}
