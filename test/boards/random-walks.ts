import fc from 'fast-check'
import { expect } from 'vitest'

import { type ClientsOf, defineBoard, HardwareError, serve } from '../../src/index.ts'
import { CompositeDriver } from '../../src/runtime/index.ts'
import { type CheckFault, type EdgeFault, Simulated, SimulatedBoard } from './simulated-board.ts'

const states = ['off', 'uboot', 'linux', 'app'] as const
type State = (typeof states)[number]

/** The longest that a step of the board may take, in milliseconds: short, because walks wait for the steps that hang. */
const stepMs = 40
/** Milliseconds, much longer than any walk to one state takes: a walk that has not ended by then hangs. */
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

/** A walk asks for states one after another; sometimes the board crashes in between, or is dead. */
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
      // Nothing works until the end of the step.
      dead: fc.integer({ min: 0, max: 30 }).map((n) => n === 0),
    }),
    { minLength: 1, maxLength: 6 },
  ),
})

type Walk = typeof walk extends fc.Arbitrary<infer Value> ? Value : never

/** Checks on one walk everything that must hold, and adds the ends of its steps to `ends`. */
async function check(
  driver: SimulatedBoard,
  sim: ClientsOf<typeof drivers>['sim'],
  { edges, start, elsewhere, edgeFaults, checkFaults, steps }: Walk,
  ends: Set<string>,
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
    ends.add(end.code)

    expect(wrong).toEqual([])
    expect(end.error === undefined ? [running.state, driver.truth] : [goal, goal]).toEqual([goal, goal])
    expect(running.state ?? driver.truth).toBe(driver.truth)
    expect(['reached', 'BOARD_BROKEN', 'STATE_UNREACHABLE']).toContain(end.code)
    expect(running.broken).toBe(end.code === 'BOARD_BROKEN' ? end.error : undefined)
    if (running.broken === undefined) continue

    // A board that has been given up fails at once, for every state, and nothing is done with it.
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

/** Takes four boards on random walks with faults, and expects that the state is never another one than the truth. */
export async function takeWalks(walks: number, seed = Date.now()): Promise<void> {
  const driver = new CompositeDriver({
    a: new SimulatedBoard(),
    b: new SimulatedBoard(),
    c: new SimulatedBoard(),
    d: new SimulatedBoard(),
  })
  await using client = await serve(driver)
  const ends = new Set<string>()
  // The boards walk at the same time, because walks wait for the steps that hang.
  const lanes = (['a', 'b', 'c', 'd'] as const).map((name, lane) =>
    fc.assert(
      fc.asyncProperty(walk, (walk) => check(driver.children[name], client[name], walk, ends)),
      { numRuns: Math.ceil(walks / 4), seed: seed + lane },
    ),
  )
  await Promise.all(lanes)
  expect([...ends].toSorted(), 'the walks have seen every end').toEqual([
    'BOARD_BROKEN',
    'STATE_UNREACHABLE',
    'reached',
  ])
}
