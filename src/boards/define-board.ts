import type { ClientsOf, DriverDeclarations } from '../clients/driver-declarations.ts'
import { checkBoard } from './check-board.ts'
import { RunningBoard, type RunningBoardOptions } from './running-board.ts'

/** How long a check may take unless its state says otherwise, in milliseconds. */
const defaultCheckTimeoutMs = 5_000
/** How long an edge may take unless it says otherwise, in milliseconds. */
const defaultEdgeTimeoutMs = 60_000
/** How long reaching a state may take, all attempts together, unless the board says otherwise, in milliseconds. */
const defaultReachTimeoutMs = 600_000

/** What checks and edges get besides the clients. */
export interface BoardStep {
  /** Aborted when the step has to stop. Driver calls inside a step are cancelled by themselves. */
  readonly signal: AbortSignal
}

/** One state a board can be in. */
export interface StateDefinition<Clients> {
  /**
   * Looks whether the board is in this state, if possible without changing anything. What it throws is a no: a prompt that
   * did not come, a device that did not answer. A state that cannot be seen, such as off on a supply that does not measure,
   * is best left out: let an edge from `any` switch off and on again.
   */
  check(clients: Clients, step: BoardStep): boolean | Promise<boolean>
  /** How long the check may take, in milliseconds; later is a no (default 5000). */
  readonly timeoutMs?: number
}

/** One way from a state to another. */
export interface EdgeDefinition<Clients, State extends string> {
  /** Where it can be taken: in one state, in several, or in `any`, which includes a board that is in no known state. */
  readonly from: 'any' | State | readonly State[]
  readonly to: State
  /** Brings the board there. It ends when the state has been reached, and throws when that cannot be. */
  run(clients: Clients, step: BoardStep): unknown
  /** How long it may take, in milliseconds (default 60 000). */
  readonly timeoutMs?: number
  /** About how long it takes, in milliseconds: the cheapest way is taken (default: its `timeoutMs`). */
  readonly costMs?: number
  /** How errors name it (default `from → to`). */
  readonly name?: string
}

/** What {@link defineBoard} takes. */
export interface BoardDefinition<Drivers extends DriverDeclarations, State extends string> {
  /** The drivers that checks and edges use, nested as the exporter's tree is: client classes, or interfaces. */
  readonly drivers: Drivers
  /** The states by name. Where nothing is known of a board, the one to reach is checked first, then in this order. */
  readonly states: { readonly [Name in State]: StateDefinition<ClientsOf<NoInfer<Drivers>>> }
  readonly edges: readonly EdgeDefinition<ClientsOf<NoInfer<Drivers>>, NoInfer<State>>[]
  /** How long reaching a state may take, all attempts together, in milliseconds (default 600 000). */
  readonly timeoutMs?: number
}

/** A kind of board: its states, and the ways between them. */
export interface Board<Drivers extends DriverDeclarations = DriverDeclarations, State extends string = string> {
  readonly drivers: Drivers
  /** The names of its states, in the order of the definition. */
  readonly states: readonly State[]
  /** How long reaching a state may take, all attempts together, in milliseconds. */
  readonly timeoutMs: number
  /** One board of this kind, of which nothing is known yet. `needs()` does this for each role with a `board`. */
  on(clients: ClientsOf<Drivers>, options?: RunningBoardOptions<State>): RunningBoard<State>
}

/**
 * Defines the states a board can be in, how each is recognised, and the ways between them. Clients are those of `drivers`;
 * a name that is no state does not compile.
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
