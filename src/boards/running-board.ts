import { now } from '../base/clock.ts'
import { HardwareError } from '../errors.ts'
import { recordStep } from '../recording/record-step.ts'
import { boardBrokenError, type FailedEdge } from './board-broken-error.ts'
import { BoardTurns, type BoardWaitOptions } from './board-turns.ts'
import type { BoundBoard, BoundEdge } from './bound-board.ts'
import { cheapestPath } from './cheapest-path.ts'
import type { CheckResult, Observation } from './observation.ts'
import { runStep } from './run-step.ts'

/** The number of times that one edge may fail while the board is brought to a state. */
const failuresPerEdge = 2

/** Options of one board. */
export interface RunningBoardOptions<State extends string = string> {
  /** The name in errors (default `board`); `needs()` uses the name of the role. */
  readonly name?: string | undefined
  /** The state in which the board was seen last. It is checked first. */
  readonly lastSeen?: State | undefined
}

/**
 * One board and its state. The board believes only states that a check has confirmed, does one thing at a time, and gives up
 * once: afterwards every operation fails with the same error.
 */
export class RunningBoard<State extends string = string> {
  readonly #board: BoundBoard<State>
  readonly #name: string
  /** The states in which the board has been, the latest first. */
  #recent: readonly State[]
  #state: State | undefined
  #broken: HardwareError | undefined
  /** The step that is running, for errors. */
  #doing = 'nothing had begun'
  readonly #turns: BoardTurns

  /** @param board the definition with its clients; `Board.on()` makes it */
  constructor(board: BoundBoard<State>, { name = 'board', lastSeen }: RunningBoardOptions<State> = {}) {
    this.#board = board
    this.#name = name
    this.#turns = new BoardTurns(name, () => this.#doing)
    this.#recent = lastSeen === undefined ? [] : [lastSeen]
  }

  /** The state that a check confirmed last; `undefined` while an edge runs, and when no check says yes. */
  get state(): State | undefined {
    return this.#state
  }

  /** The reason why the board has been given up; `undefined` if it can be used. */
  get broken(): HardwareError | undefined {
    return this.#broken
  }

  /** Forgets the state, and makes a board usable that has been given up. For callers that changed the board by other means. */
  forget(): void {
    this.#state = undefined
    this.#broken = undefined
  }

  /**
   * Brings the board to a state: finds its present state and takes the cheapest path from there, with a check after every edge.
   * After an edge that fails, the board tries another path, or the same edge once more. Calls wait for each other.
   *
   * @throws HardwareError BOARD_BROKEN if no path works, with all attempts, and from then on at once; STATE_UNREACHABLE if no
   *   path is defined; CALL_CANCELLED and CALL_TIMEOUT at the limits of the caller, after which the board can still be used
   *
   * @example
   * ```ts
   * await dut.states.to('uboot')
   * ```
   */
  to(state: State, options: BoardWaitOptions = {}): Promise<void> {
    const step = { kind: 'action', target: `${this.#name}.states.to`, args: [state] } as const
    return recordStep(step, () => this.#turns.take(`to('${state}')`, options, (signal) => this.#reach(state, signal)))
  }

  /**
   * Runs the checks, the latest state first, and changes nothing.
   *
   * @returns the state of the board; `undefined` if no check says yes
   * @throws HardwareError BOARD_BROKEN if the board has been given up; CALL_CANCELLED, CALL_TIMEOUT
   */
  identify(options: BoardWaitOptions = {}): Promise<State | undefined> {
    return this.#turns.take('identify()', options, async (signal) => {
      if (this.#broken !== undefined) throw this.#broken
      return (await this.#observe(signal)).state
    })
  }

  async #reach(goal: State, signal: AbortSignal): Promise<void> {
    if (this.#broken !== undefined) throw this.#broken
    const { states, timeoutMs } = this.#board
    if (!states.some(({ name }) => name === goal)) {
      const known = states.map(({ name }) => name).join(', ')
      throw new HardwareError('ARGUMENT_INVALID', `'${goal}' is no state of board '${this.#name}'; there are ${known}`)
    }
    const failed: FailedEdge<State>[] = []
    let first: Observation<State> = { state: undefined, results: [] }
    const giveUp = (error?: HardwareError) => {
      const limit = error === undefined ? undefined : { error, doing: this.#doing }
      this.#broken = boardBrokenError({ board: this.#name, goal, first, failed, limit })
      return this.#broken
    }
    try {
      await runStep({ name: 'all of it', timeoutMs, signal }, async (signal) => {
        first = await this.#observe(signal, { likely: goal })
        let here = first.state
        while (here !== goal) {
          const edge = this.#nextEdge(here, goal, failed)
          if (edge !== undefined) here = await this.#take(edge, here, failed, signal)
          else if (here === undefined || failed.length > 0) throw giveUp()
          else
            throw new HardwareError('STATE_UNREACHABLE', `No edges of '${this.#name}' lead from '${here}' to '${goal}'`)
        }
      })
    } catch (error) {
      // Errors of edges and checks are caught where they happen. The others are the limits of the caller and of the board.
      const isOwnLimit = error instanceof HardwareError && error.code === 'CALL_TIMEOUT' && error !== signal.reason
      throw isOwnLimit ? giveUp(error) : error
    }
  }

  #nextEdge(here: State | undefined, goal: State, failed: readonly FailedEdge<State>[]): BoundEdge<State> | undefined {
    const { edges } = this.#board
    // Any other path is better than an edge that has just failed.
    const penalty = edges.reduce((sum, { costMs }) => sum + costMs, 1)
    const path = cheapestPath(edges, here, goal, (edge) => {
      const failures = failed.filter((failure) => failure.edge === edge).length
      return failures >= failuresPerEdge ? Infinity : edge.costMs + failures * penalty
    })
    return path?.[0]
  }

  /** Takes an edge. @returns the state of the board afterwards */
  async #take(
    edge: BoundEdge<State>,
    from: State | undefined,
    failed: FailedEdge<State>[],
    signal: AbortSignal,
  ): Promise<State | undefined> {
    const name = edge.name ?? `${from ?? 'any'} → ${edge.to}`
    const started = now()
    let error: unknown
    this.#state = undefined
    this.#doing = `edge '${name}' was running`
    try {
      await runStep({ name: 'it', timeoutMs: edge.timeoutMs, signal }, (signal) => edge.run(signal))
    } catch (failure) {
      signal.throwIfAborted()
      error = failure ?? new Error('it threw nothing')
    }
    const durationMs = now() - started
    const result = await this.#check(edge.to, signal)
    if (result.yes) return edge.to
    const seen = await this.#observe(signal, { known: [result] })
    failed.push({ edge, name, durationMs, error, result, seen })
    return seen.state
  }

  /**
   * Runs the checks, the latest state first, until one says yes.
   *
   * @param options.likely the state to check after those in which the board has been
   * @param options.known the results of checks that have just run
   */
  async #observe(
    signal: AbortSignal,
    { likely, known = [] }: { readonly likely?: State; readonly known?: readonly CheckResult<State>[] } = {},
  ): Promise<Observation<State>> {
    const names = this.#board.states.map(({ name }) => name)
    const order = new Set([...this.#recent, ...(likely === undefined ? [] : [likely]), ...names])
    for (const { state } of known) order.delete(state)
    const results = [...known]
    for (const state of order) {
      const result = await this.#check(state, signal)
      results.push(result)
      if (result.yes) return { state, results }
    }
    return { state: undefined, results }
  }

  async #check(state: State, signal: AbortSignal): Promise<CheckResult<State>> {
    const found = this.#board.states.find(({ name }) => name === state)
    let yes = false
    let error: unknown
    this.#doing = `the check of '${state}' was running`
    try {
      if (found !== undefined) {
        const limits = { name: 'it', timeoutMs: found.timeoutMs, signal }
        yes = await runStep(limits, (signal) => found.check(signal))
      }
    } catch (failure) {
      signal.throwIfAborted()
      error = failure ?? new Error('it threw nothing')
    }
    if (yes) {
      this.#state = state
      this.#recent = [state, ...this.#recent.filter((other) => other !== state)]
    } else if (this.#state === state) {
      this.#state = undefined
    }
    return { state, yes, error }
  }
}
