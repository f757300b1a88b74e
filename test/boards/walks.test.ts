import fc from 'fast-check'
import { expect, test } from 'vitest'

import { type ClientsOf, defineBoard, HardwareError, serve } from '../../src/index.ts'
import { CompositeDriver } from '../../src/runtime/index.ts'
import { type CheckFault, type EdgeFault, Simulated, SimulatedBoard } from './simulated-board.ts'

const states = ['off', 'uboot', 'linux', 'app'] as const
type State = (typeof states)[number]

/** How long a step of the board may take: short, because walks wait for the ones that hang. */
const stepMs = 40
/** Much longer than any walk to one state takes; what is not over by then hangs. */
const patienceMs = 30_000

interface Way {
  readonly from: 'any' | readonly State[]
  readonly to: State
  readonly costMs: number
}

const ways: readonly Way[] = [
  { from: 'any', to: 'off', costMs: 10 },
  { from: ['off'], to: 'uboot', costMs: 20 },
  { from: ['uboot'], to: 'linux', costMs: 50 },
  { from: ['off', 'uboot', 'app'], to: 'linux', costMs: 5 },
  { from: ['linux', 'app'], to: 'uboot', costMs: 30 },
  { from: ['linux'], to: 'app', costMs: 10 },
  { from: 'any', to: 'linux', costMs: 15 },
]

const drivers = { sim: Simulated }
const boardOf = (edges: readonly Way[]) =>
  defineBoard({
    drivers,
    states: {
      off: { timeoutMs: stepMs, check: ({ sim }) => sim.isIn('off') },
      uboot: { timeoutMs: stepMs, check: ({ sim }) => sim.isIn('uboot') },
      linux: { timeoutMs: stepMs, check: ({ sim }) => sim.isIn('linux') },
      app: { timeoutMs: stepMs, check: ({ sim }) => sim.isIn('app') },
    },
    edges: edges.map((way) => ({
      ...way,
      timeoutMs: stepMs,
      run: ({ sim }: ClientsOf<typeof drivers>) => sim.move(way.from, way.to),
    })),
  })

const edgeFault = fc.oneof(
  { weight: 60, arbitrary: fc.constant<EdgeFault>('none') },
  { weight: 10, arbitrary: fc.constant<EdgeFault>('fails') },
  { weight: 10, arbitrary: fc.constant<EdgeFault>('fails after moving') },
  { weight: 10, arbitrary: fc.constant<EdgeFault>('lies') },
  { weight: 10, arbitrary: fc.constant<EdgeFault>('goes elsewhere') },
  { weight: 3, arbitrary: fc.constant<EdgeFault>('hangs') },
  { weight: 3, arbitrary: fc.constant<EdgeFault>('moves late') },
)
const checkFault = fc.oneof(
  { weight: 60, arbitrary: fc.constant<CheckFault>('none') },
  { weight: 4, arbitrary: fc.constant<CheckFault>('fails') },
  { weight: 2, arbitrary: fc.constant<CheckFault>('hangs') },
)
const truth = fc.constantFrom(...states, 'panic')

/** What a walk does: asks for states one after another, and now and then the board crashes in between, or is dead. */
const walk = fc.record({
  edges: fc.subarray([...ways], { minLength: 2 }),
  start: truth,
  elsewhere: truth,
  edgeFaults: fc.array(edgeFault, { maxLength: 30 }),
  checkFaults: fc.array(checkFault, { maxLength: 40 }),
  steps: fc.array(
    fc.record({
      goal: fc.constantFrom(...states),
      crash: fc.option(truth, { freq: 4 }),
      // Nothing works any more, for as long as the step lasts.
      dead: fc.integer({ min: 0, max: 30 }).map((n) => n === 0),
    }),
    { minLength: 1, maxLength: 6 },
  ),
})

type Walk = typeof walk extends fc.Arbitrary<infer Value> ? Value : never

/** How the steps of all walks have ended, so that the test knows it has seen all of it. */
const ends = new Map<string, number>()

/** Everything that must hold, on one walk. */
async function check(
  driver: SimulatedBoard,
  sim: ClientsOf<typeof drivers>['sim'],
  { edges, start, elsewhere, edgeFaults, checkFaults, steps }: Walk,
) {
  const running = boardOf(edges).on({ sim })
  const wrong: string[] = []
  driver.truth = start
  driver.elsewhere = elsewhere
  driver.edgeFaults = [...edgeFaults]
  driver.checkFaults = [...checkFaults]
  driver.onMove = (from, to) => {
    if (running.state !== undefined) wrong.push(`state is ${running.state} while an edge runs`)
    const known = edges.some((edge) => edge.to === to && (edge.from === 'any' || edge.from.includes(from as State)))
    if (!known) wrong.push(`an edge to ${to} was taken in ${from}`)
  }
  for (const { goal, crash, dead } of steps) {
    if (crash !== null) driver.truth = crash
    if (dead) driver.edgeFaults = Array.from({ length: 100 }, () => 'fails')
    const end = await settle(running.to(goal))
    if (dead) driver.edgeFaults = []
    ends.set(end.code, (ends.get(end.code) ?? 0) + 1)

    expect(wrong).toEqual([])
    expect(end.error === undefined ? [running.state, driver.truth] : [goal, goal]).toEqual([goal, goal])
    expect(running.state ?? driver.truth).toBe(driver.truth)
    expect(['reached', 'BOARD_BROKEN', 'STATE_UNREACHABLE']).toContain(end.code)
    expect(running.broken).toBe(end.code === 'BOARD_BROKEN' ? end.error : undefined)
    if (running.broken === undefined) continue

    // Given up: it says so at once, for every state, and leaves the board alone.
    driver.asked = []
    for (const other of states) expect((await settle(running.to(other))).error).toBe(end.error)
    expect(driver.asked).toEqual([])
    running.forget()
    expect(running.broken).toBeUndefined()
  }
}

async function settle(promise: Promise<void>) {
  let timer: NodeJS.Timeout | undefined
  const patience = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing has ended within ${patienceMs} ms`)), patienceMs)
  })
  const end = promise.then(
    () => ({ code: 'reached', error: undefined }),
    (error: unknown) => {
      if (!(error instanceof HardwareError)) throw error
      return { code: error.code, error }
    },
  )
  return Promise.race([end, patience]).finally(() => clearTimeout(timer))
}

test(
  'on 1,000 random walks with faults, the state is never another one than the truth',
  { timeout: 300_000 },
  async () => {
    const driver = new CompositeDriver({
      a: new SimulatedBoard(),
      b: new SimulatedBoard(),
      c: new SimulatedBoard(),
      d: new SimulatedBoard(),
    })
    await using client = await serve(driver)
    // Side by side, because walks wait for what hangs.
    const lanes = (['a', 'b', 'c', 'd'] as const).map((name) =>
      fc.assert(
        fc.asyncProperty(walk, (walk) => check(driver.children[name], client[name], walk)),
        { numRuns: 250 },
      ),
    )
    await Promise.all(lanes)
    expect([...ends.keys()].toSorted()).toEqual(['BOARD_BROKEN', 'STATE_UNREACHABLE', 'reached'])
  },
)
