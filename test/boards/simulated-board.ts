import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'

import { call, defineInterface, Driver, type Implementation } from '../../src/index.ts'
import { callSignal } from '../../src/runtime/index.ts'

/** What an edge of the simulated board does instead of what it should. */
export type EdgeFault =
  | 'none'
  /** Throws, and the board is where it was. */
  | 'fails'
  /** Throws, and the board has moved all the same. */
  | 'fails after moving'
  /** Ends as if all were well, and the board is where it was. */
  | 'lies'
  /** Ends as if all were well, in another state, which may be none of the board's. */
  | 'goes elsewhere'
  | 'hangs'
  /** Hangs, and moves when it is told to stop. */
  | 'moves late'

/** What a check does instead of what it should: a fault never makes it say yes. */
export type CheckFault = 'none' | 'fails' | 'hangs'

/** How to tell a {@link SimulatedBoard}'s client what to do. */
export const Simulated = defineInterface({
  client: 'test.SimulatedBoardClient',
  methods: {
    move: call<(from: readonly string[] | 'any', to: string) => void>(),
    isIn: call<(state: string) => boolean>(),
    crash: call<() => void>(),
  },
})

/** A board with faults that a test decides on. */
export class SimulatedBoard extends Driver implements Implementation<typeof Simulated> {
  static readonly interface = Simulated
  /** The state it is in, whatever anybody thinks. */
  truth = 'off'
  /** How long an edge takes, in milliseconds. */
  moveMs = 0
  /** What next edges and checks do; when there is nothing left, what they should. */
  edgeFaults: EdgeFault[] = []
  checkFaults: CheckFault[] = []
  /** Where edges that go elsewhere go. */
  elsewhere = 'panic'
  /** What it was asked: `off → uboot`, `uboot?`. */
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
