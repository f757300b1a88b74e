import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'

import { call, defineInterface, Driver, type Implementation } from '../../src/index.ts'
import { callSignal } from '../../src/runtime/index.ts'

/** The faults of an edge of the simulated board. */
export type EdgeFault =
  | 'none'
  /** Throws, and the board does not move. */
  | 'fails'
  /** Throws, but the board has moved. */
  | 'fails after moving'
  /** Ends without an error, and the board does not move. */
  | 'lies'
  /** Ends without an error in another state, which may be unknown to the board. */
  | 'goes elsewhere'
  | 'hangs'
  /** Hangs, and moves when it is stopped. */
  | 'moves late'

/** The faults of a check. A fault never makes it say yes. */
export type CheckFault = 'none' | 'fails' | 'hangs'

/** The interface of a {@link SimulatedBoard}. */
export const Simulated = defineInterface({
  client: 'test.SimulatedBoardClient',
  methods: {
    move: call<(from: readonly string[] | 'any', to: string) => void>(),
    isIn: call<(state: string) => boolean>(),
    crash: call<() => void>(),
  },
})

/** A board with faults that a test chooses. */
export class SimulatedBoard extends Driver implements Implementation<typeof Simulated> {
  static readonly interface = Simulated
  /** The true state. */
  truth = 'off'
  /** The duration of an edge, in milliseconds. */
  moveMs = 0
  /** The faults of the next edges and checks. Without one they work. */
  edgeFaults: EdgeFault[] = []
  checkFaults: CheckFault[] = []
  /** The state to which a wrong edge leads. */
  elsewhere = 'panic'
  /** The edges and checks that ran: `off → uboot`, `uboot?`. */
  asked: string[] = []
  /** Called when an edge begins. */
  onMove: (start: string, to: string) => void = () => undefined

  async move(from: readonly string[] | 'any', to: string) {
    this.asked.push(`${this.truth} → ${to}`)
    this.onMove(this.truth, to)
    if (from !== 'any' && !from.includes(this.truth)) throw new Error(`cannot go from ${this.truth} to ${to}`)
    if (this.moveMs > 0) await delay(this.moveMs, undefined, { signal: callSignal() })
    const fault = this.edgeFaults.shift() ?? 'none'
    if (fault === 'hangs' || fault === 'moves late') await once(callSignal(), 'abort')
    if (fault === 'goes elsewhere') this.truth = this.elsewhere
    if (fault === 'none' || fault === 'fails after moving' || fault === 'moves late') this.truth = to
    if (fault.startsWith('fails')) throw new Error(`no answer on the way to ${to}`)
  }

  crash() {
    this.asked.push('crash')
    this.truth = 'panic'
  }

  async isIn(state: string) {
    this.asked.push(`${state}?`)
    const fault = this.checkFaults.shift() ?? 'none'
    if (fault === 'hangs') await once(callSignal(), 'abort')
    if (fault === 'fails') throw new Error(`no answer from ${state}`)
    return this.truth === state
  }
}
