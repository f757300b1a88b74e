import { HardwareError } from '../errors.ts'
import type { BoundBoard, BoundEdge } from './bound-board.ts'
import { findWay } from './find-way.ts'
import { type FailedEdge, giveUp } from './give-up.ts'
import type { CheckAnswer, Sighting } from './sighting.ts'
import { runStep } from './step.ts'
import { type BoardWaitOptions, Turns } from './turns.ts'

/** How often one edge may fail while a state is being reached. */
const failuresPerEdge = 2

/** What a board can be told when it is made of its definition. */
export interface RunningBoardOptions<State extends string = string> {
  /** How errors name it (default `board`); `needs()` gives it the name of the role. */
  readonly name?: string
  /** The state it was in when it was last seen, if somebody knows: it is checked first. */
  readonly lastSeen?: State | undefined
}

/**
 * One board, and what is known of it. It believes nothing that a check has not confirmed, does one thing at a time, and
 * gives up once: afterwards everything that is asked of it fails with the same error.
 */
export class RunningBoard<State extends string = string> {
  readonly #board: BoundBoard<State>
  readonly #name: string
  /** The states it has been in, the latest first. */
  #recent: readonly State[]
  #state: State | undefined
  #broken: HardwareError | undefined
  /** What is being done at this moment, for errors. */
  #doing = 'nothing had begun'
  readonly #turns: Turns

  /** @param board the definition with its clients; `Board.on()` makes it */
  constructor(board: BoundBoard<State>, { name = 'board', lastSeen }: RunningBoardOptions<State> = {}) {
    this.#board = board
    this.#name = name
    this.#turns = new Turns(name, () => this.#doing)
    this.#recent = lastSeen === undefined ? [] : [lastSeen]
  }

  /** The state that a check has confirmed last; `undefined` while an edge runs, and when no check says yes. */
  get state(): State | undefined {
    return this.#state
  }

  /** Why the board has been given up, if it has. */
  get broken(): HardwareError | undefined {
    return this.#broken
  }

  /** Forgets the state, and that the board has been given up: for those who have changed it by other means. */
  forget(): void {
    this.#state = undefined
    this.#broken = undefined
  }

  /**
   * Brings the board to a state: sees where it is, and takes the cheapest way from there, with a check after every edge.
   * After an edge that fails it tries another way, or the same once more. Calls wait for each other.
   *
   * @throws HardwareError BOARD_BROKEN when no way works, with what was tried, and from then on at once; STATE_UNREACHABLE
   *   when no way is defined; CALL_CANCELLED and CALL_TIMEOUT when the caller does not want to wait longer, after which the
   *   board can still be used
   *
   * @example
   * ```ts
   * await dut.states.to('uboot')
   * ```
   */
  to(state: State, options: BoardWaitOptions = {}): Promise<void> {
    return this.#turns.take(`to('${state}')`, options, (signal) => this.#reach(state, signal))
  }

  /**
   * Asks the checks which state the board is in, the latest one first, and changes nothing.
   *
   * @returns `undefined` when it is in none of its states
   * @throws HardwareError BOARD_BROKEN when it has been given up; CALL_CANCELLED, CALL_TIMEOUT
   */
  identify(options: BoardWaitOptions = {}): Promise<State | undefined> {
    return this.#turns.take('identify()', options, async (signal) => {
      if (this.#broken !== undefined) throw this.#broken
      return (await this.#look(signal)).state
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
    let first: Sighting<State> = { state: undefined, answers: [] }
    const lose = (error?: HardwareError) => {
      const limit = error === undefined ? {} : { limit: { error, doing: this.#doing } }
      this.#broken = giveUp({ board: this.#name, goal, first, failed, ...limit })
      return this.#broken
    }
    try {
      await runStep({ name: 'all of it', timeoutMs, signal }, async (signal) => {
        first = await this.#look(signal, { likely: goal })
        let here = first.state
        while (here !== goal) {
          const edge = this.#nextEdge(here, goal, failed)
          if (edge !== undefined) here = await this.#take(edge, here, failed, signal)
          else if (here === undefined || failed.length > 0) throw lose()
          else
            throw new HardwareError('STATE_UNREACHABLE', `No edges of '${this.#name}' lead from '${here}' to '${goal}'`)
        }
      })
    } catch (error) {
      // Errors of edges and checks are caught where they happen: what is left is the caller's limits, and the board's own.
      const isOwnLimit = error instanceof HardwareError && error.code === 'CALL_TIMEOUT' && error !== signal.reason
      throw isOwnLimit ? lose(error) : error
    }
  }

  #nextEdge(here: State | undefined, goal: State, failed: readonly FailedEdge<State>[]): BoundEdge<State> | undefined {
    const { edges } = this.#board
    // Any other way is better than an edge that has just failed.
    const penalty = edges.reduce((sum, { costMs }) => sum + costMs, 1)
    const way = findWay(edges, here, goal, (edge) => {
      const failures = failed.filter((failure) => failure.edge === edge).length
      return failures >= failuresPerEdge ? Infinity : edge.costMs + failures * penalty
    })
    return way?.[0]
  }

  /** Takes an edge. @returns where the board is afterwards */
  async #take(
    edge: BoundEdge<State>,
    from: State | undefined,
    failed: FailedEdge<State>[],
    signal: AbortSignal,
  ): Promise<State | undefined> {
    const name = edge.name ?? `${from ?? 'any'} → ${edge.to}`
    const started = performance.now()
    let error: unknown
    this.#state = undefined
    this.#doing = `edge '${name}' was running`
    try {
      await runStep({ name: 'it', timeoutMs: edge.timeoutMs, signal }, (signal) => edge.run(signal))
    } catch (failure) {
      signal.throwIfAborted()
      error = failure ?? new Error('it threw nothing')
    }
    const durationMs = performance.now() - started
    const answer = await this.#check(edge.to, signal)
    if (answer.yes) return edge.to
    const seen = await this.#look(signal, { asked: [answer] })
    failed.push({ edge, name, durationMs, error, answer, seen })
    return seen.state
  }

  /**
   * Asks the checks, the latest state first.
   *
   * @param options.likely the state to ask for after those it has been in
   * @param options.asked what checks have just said
   */
  async #look(
    signal: AbortSignal,
    { likely, asked = [] }: { readonly likely?: State; readonly asked?: readonly CheckAnswer<State>[] } = {},
  ): Promise<Sighting<State>> {
    const names = this.#board.states.map(({ name }) => name)
    const order = new Set([...this.#recent, ...(likely === undefined ? [] : [likely]), ...names])
    for (const { state } of asked) order.delete(state)
    const answers = [...asked]
    for (const state of order) {
      const answer = await this.#check(state, signal)
      answers.push(answer)
      if (answer.yes) return { state, answers }
    }
    return { state: undefined, answers }
  }

  async #check(state: State, signal: AbortSignal): Promise<CheckAnswer<State>> {
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
