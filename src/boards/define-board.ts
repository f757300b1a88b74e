import type { ClientsOf, DriverDeclarations } from '../clients/driver-declarations.ts'
import { checkBoard } from './check-board.ts'
import { RunningBoard, type RunningBoardOptions } from './running-board.ts'

/** The time limit of a check without one, in milliseconds. */
const defaultCheckTimeoutMs = 5_000
/** The time limit of an edge without one, in milliseconds. */
const defaultEdgeTimeoutMs = 60_000
/** The time limit for reaching a state, all attempts together, on a board without one, in milliseconds. */
const defaultReachTimeoutMs = 600_000

/** The second argument of checks and edges. */
export interface BoardStep {
  /** Aborted when the step has to stop. Driver calls inside a step are cancelled without it. */
  readonly signal: AbortSignal
}

/** One state a board can be in. */
export interface StateDefinition<Clients> {
  /**
   * Returns true if the board is in this state; it should change nothing. An error counts as a no: a prompt that did not come, a
   * device that did not answer. Leave out a state that cannot be seen, such as off on a supply that does not measure: let an edge
   * from `any` switch off and on again.
   */
  check(clients: Clients, step: BoardStep): boolean | Promise<boolean>
  /** The time limit of the check, in milliseconds; a later answer counts as a no (default 5000). */
  readonly timeoutMs?: number | undefined
}

/** An edge from one state to another. */
export interface EdgeDefinition<Clients, State extends string> {
  /** The states from which it can be taken: one, several, or `any`, which includes a board in no known state. */
  readonly from: 'any' | State | readonly State[]
  readonly to: State
  /** Brings the board to the state. It ends when the state has been reached, and throws if it cannot be reached. */
  run(clients: Clients, step: BoardStep): unknown
  /** The time limit, in milliseconds (default 60 000). */
  readonly timeoutMs?: number | undefined
  /** The approximate duration, in milliseconds: the board takes the cheapest path (default: its `timeoutMs`). */
  readonly costMs?: number | undefined
  /** The name in errors (default `from → to`). */
  readonly name?: string | undefined
}

/** The argument of {@link defineBoard}. */
export interface BoardDefinition<Drivers extends DriverDeclarations, State extends string> {
  /** The drivers that checks and edges use, nested as the exporter's tree is: client classes, or interfaces. */
  readonly drivers: Drivers
  /** The states by name. On a board in an unknown state, the state to reach is checked first, then the others in this order. */
  readonly states: { readonly [Name in State]: StateDefinition<ClientsOf<NoInfer<Drivers>>> }
  readonly edges: readonly EdgeDefinition<ClientsOf<NoInfer<Drivers>>, NoInfer<State>>[]
  /** The time limit for reaching a state, all attempts together, in milliseconds (default 600 000). */
  readonly timeoutMs?: number | undefined
}

/** A kind of board: its states, and the edges between them. */
export interface Board<Drivers extends DriverDeclarations = DriverDeclarations, State extends string = string> {
  readonly drivers: Drivers
  /** The names of its states, in the order of the definition. */
  readonly states: readonly State[]
  /** The time limit for reaching a state, all attempts together, in milliseconds. */
  readonly timeoutMs: number
  /** Makes one board of this kind, in an unknown state. `needs()` does this for each role with a `board`. */
  on(clients: ClientsOf<Drivers>, options?: RunningBoardOptions<State>): RunningBoard<State>
}

/**
 * Defines the states of a board, the check of each state, and the edges between them. Checks and edges get the clients of
 * `drivers`; a name that is no state does not compile.
 *
 * @throws HardwareError ARGUMENT_INVALID with all mistakes in the definition
 *
 * @example
 * ```ts
 * const virt = defineBoard({
 *   drivers: { power: VirtualPowerClient, console: SerialClient },
 *   states: {
 *     off: { check: ({ power }) => isOff(power) },
 *     uboot: {
 *       check: async ({ console }) => {
 *         await console.send('\r')
 *         await console.expect('\n=> ', { timeoutMs: 500 })
 *         return true
 *       },
 *     },
 *   },
 *   edges: [
 *     { from: 'any', to: 'off', run: ({ power }) => power.off() },
 *     {
 *       from: 'off',
 *       to: 'uboot',
 *       timeoutMs: 10_000,
 *       run: async ({ power, console }) => {
 *         await power.on()
 *         await console.expect('Hit any key')
 *         await console.send('\r')
 *         await console.expect('\n=> ')
 *       },
 *     },
 *   ],
 * })
 * const test = needs({ dut: { selector: 'board=virt', board: virt, state: 'uboot' } })
 * ```
 */
export function defineBoard<const Drivers extends DriverDeclarations, State extends string>(
  definition: BoardDefinition<Drivers, State>,
): Board<Drivers, State> {
  checkBoard(definition)
  const { drivers, timeoutMs = defaultReachTimeoutMs } = definition
  const states = Object.entries<StateDefinition<ClientsOf<Drivers>>>(definition.states)
  const names = states.map(([name]) => name as State)
  return {
    drivers,
    states: names,
    timeoutMs,
    on: (clients, options = {}) => {
      const bound = {
        timeoutMs,
        states: states.map(([name, { timeoutMs = defaultCheckTimeoutMs, ...state }]) => ({
          name: name as State,
          timeoutMs,
          check: async (signal: AbortSignal) => state.check(clients, { signal }),
        })),
        edges: definition.edges.map(({ from, to, timeoutMs = defaultEdgeTimeoutMs, costMs, name, ...edge }) => ({
          from: from === 'any' ? ('any' as const) : ([from].flat() as readonly State[]),
          to,
          timeoutMs,
          costMs: costMs ?? timeoutMs,
          name,
          run: async (signal: AbortSignal) => edge.run(clients, { signal }),
        })),
      }
      return new RunningBoard<State>(bound, options)
    },
  }
}
