import { HardwareError, messageOf } from '../errors.ts'
import type { BoundEdge } from './bound-board.ts'
import { type CheckResult, describeObservation, describeResult, type Observation } from './observation.ts'

/** An edge that did not lead to its state. */
export interface FailedEdge<State extends string> {
  readonly edge: BoundEdge<State>
  /** The name in errors: `uboot → linux`. */
  readonly name: string
  readonly durationMs: number
  /** The error that the edge threw; `undefined` if it ended without one. */
  readonly error: unknown
  /** The answer of the check of the state to which the edge leads. */
  readonly result: CheckResult<State>
  /** The state of the board after the edge. */
  readonly seen: Observation<State>
}

/** A failed attempt to reach a state. */
export interface FailedReach<State extends string> {
  /** The name of the board in errors. */
  readonly board: string
  readonly goal: State
  /** The state of the board before the first edge. */
  readonly first: Observation<State>
  readonly failed: readonly FailedEdge<State>[]
  /** The time limit of the board, if it ended the attempt, and the step that was running then. */
  readonly limit?: { readonly error: HardwareError; readonly doing: string } | undefined
}

/** Makes the error of a board that cannot be brought to a state. The message lists every attempt. */
export function boardBrokenError<State extends string>(reach: FailedReach<State>): HardwareError {
  const { board, goal, first, failed, limit } = reach
  const lines = [
    `Board '${board}' cannot be brought to '${goal}', and is given up until the lease ends:`,
    `  at first it ${describeObservation(first).replace(/^is/, 'was')}`,
    ...failed.map(describeFailure),
    ...(limit === undefined ? [] : [`  ${limit.error.message}; ${limit.doing}`]),
  ]
  const errors = [
    ...first.results.map(({ error }) => error),
    ...failed.flatMap(({ error, result }) => [result.error, error]),
    limit?.error,
  ]
  const why = errors.findLast((error) => error !== undefined)
  const cause = why instanceof HardwareError ? why : undefined
  // A supply or a link that fails is the reason for the silence that follows.
  const blamed = errors.findLast((error) => error instanceof HardwareError && ['lab', 'wire'].includes(error.origin))
  return new HardwareError('BOARD_BROKEN', lines.join('\n'), {
    cause: why,
    origin: blamed instanceof HardwareError ? blamed.origin : cause?.origin,
    details: { ...cause?.details, role: board },
    shortMessage: `Board '${board}' cannot be brought to '${goal}'${why === undefined ? '' : `: ${shortMessageOf(why)}`}`,
  })
}

function describeFailure<State extends string>({ name, durationMs, error, result, seen }: FailedEdge<State>): string {
  const after = `${Math.round(durationMs)} ms`
  const what =
    error === undefined
      ? `ended after ${after}, but the check of '${result.state}' says ${describeResult(result)}`
      : `failed after ${after}: ${messageOf(error)}`
  return `  edge '${name}' ${what}; then the board ${describeObservation(seen).replace(/^is/, 'was')}`
}

function shortMessageOf(error: unknown): string {
  return error instanceof HardwareError ? error.shortMessage : messageOf(error)
}
