import { HardwareError, messageOf } from '../errors.ts'
import type { BoundEdge } from './bound-board.ts'
import { type CheckAnswer, describeAnswer, describeSighting, type Sighting } from './sighting.ts'

/** An edge that did not lead where it should. */
export interface FailedEdge<State extends string> {
  readonly edge: BoundEdge<State>
  /** How errors call it: `uboot → linux`. */
  readonly name: string
  readonly durationMs: number
  /** What it threw; `undefined` when it ended as if all were well. */
  readonly error: unknown
  /** What the check of the state it leads to said. */
  readonly answer: CheckAnswer<State>
  /** Where the board was found afterwards. */
  readonly seen: Sighting<State>
}

/** What {@link giveUp} tells. */
export interface Defeat<State extends string> {
  /** How errors name the board. */
  readonly board: string
  readonly goal: State
  /** Where the board was found at first. */
  readonly first: Sighting<State>
  readonly failed: readonly FailedEdge<State>[]
  /** The board's time limit, where that ended it, and what was being done then. */
  readonly limit?: { readonly error: HardwareError; readonly doing: string }
}

/** The error for a board that cannot be brought to a state, with all that was tried. */
export function giveUp<State extends string>({ board, goal, first, failed, limit }: Defeat<State>): HardwareError {
  const lines = [
    `Board '${board}' cannot be brought to '${goal}', and is given up until the lease ends:`,
    `  at first it ${describeSighting(first).replace(/^is/, 'was')}`,
    ...failed.map(describeFailure),
    ...(limit === undefined ? [] : [`  ${limit.error.message}; ${limit.doing}`]),
  ]
  const errors = [
    ...first.answers.map(({ error }) => error),
    ...failed.flatMap(({ error, answer }) => [answer.error, error]),
    limit?.error,
  ]
  const why = errors.findLast((error) => error !== undefined)
  return new HardwareError('BOARD_BROKEN', lines.join('\n'), {
    cause: why,
    ...(why instanceof HardwareError ? { origin: why.origin } : {}),
  })
}

function describeFailure<State extends string>({ name, durationMs, error, answer, seen }: FailedEdge<State>): string {
  const after = `${Math.round(durationMs)} ms`
  const what =
    error === undefined
      ? `ended after ${after}, but the check of '${answer.state}' says ${describeAnswer(answer)}`
      : `failed after ${after}: ${messageOf(error)}`
  return `  edge '${name}' ${what}; then the board ${describeSighting(seen).replace(/^is/, 'was')}`
}
