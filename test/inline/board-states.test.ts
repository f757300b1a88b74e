import { describe, expect, test } from 'vitest'

import { serve } from '../../src/index.ts'
import { CompositeDriver } from '../../src/runtime/index.ts'
import { SimulatedBoard } from '../boards/simulated-board.ts'
import { config, createProject, type VitestVersion, vitestFolders } from '../support/project.ts'

/** The board of the tests' simulation, as a project defines it. */
const kind = `
import { call, defineBoard, defineInterface } from 'vitest-hardware'

export const Simulated = defineInterface({
  client: 'test.SimulatedBoardClient',
  methods: { move: call(), isIn: call(), crash: call() },
})
export const board = defineBoard({
  drivers: { sim: Simulated },
  states: {
    off: { check: ({ sim }) => sim.isIn('off') },
    linux: { check: ({ sim }) => sim.isIn('linux') },
  },
  edges: [
    { from: 'any', to: 'off', run: ({ sim }) => sim.move('any', 'off') },
    { from: 'off', to: 'linux', run: ({ sim }) => sim.move(['off'], 'linux') },
  ],
})
`
const header = `
import { expect, needs } from 'vitest-hardware'
import { Simulated, board } from './kind.mjs'
`

/** Exporters that run already, so that the test sees their boards: `dut` and, beside it, `peer`. */
async function serveBoards() {
  const dut = new SimulatedBoard()
  const peer = new SimulatedBoard()
  const clients = await Promise.all([dut, peer].map((sim) => serve(new CompositeDriver({ sim }), { transport: 'tcp' })))
  const [first, second] = clients.map((client) => ({ host: client.node.channel.address, insecure: true }))
  return {
    dut,
    peer,
    exporters: { dut: { ...first, labels: { name: 'dut' } }, peer: { ...second, labels: { name: 'peer' } } },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()))
    },
  }
}

const bootsOf = ({ asked }: SimulatedBoard) => asked.filter((what) => what.endsWith('→ linux'))

describe.each(Object.keys(vitestFolders) as VitestVersion[])('%s', (version) => {
  test('a board that boots in 5 s is ready for tests of 1 s', async () => {
    await using boards = await serveBoards()
    boards.dut.moveMs = 5_000
    await using project = await createProject(version, {
      'kind.mjs': kind,
      'vitest.config.js': config({ exporters: boards.exporters }, { testTimeout: 1_000, hookTimeout: 1_000 }),
      'linux.test.js': `${header}
const test = needs({ dut: { selector: 'name=dut', board, state: 'linux' } })
test('is in Linux', async ({ dut }) => {
  expect(dut.states.state).toBe('linux')
  expect(await dut.sim.isIn('linux')).toBe(true)
})
test('is still in Linux', async ({ dut }) => {
  await dut.states.to('linux')
})
test.extend('twice', ({ dut }) => dut)('is shared by what is derived', async ({ twice }) => {
  expect(await twice.sim.isIn('linux')).toBe(true)
})`,
    })
    const { code, output } = await project.vitest(['run'])
    expect(output).toMatch(/Tests\s+3 passed \(3\)/)
    expect(code).toBe(0)
    expect(bootsOf(boards.dut)).toEqual(['off → linux'])
  })

  test('resetBetween says when the board returns to the state', async () => {
    await using boards = await serveBoards()
    boards.dut.moveMs = 600
    const file = (resetBetween: string) => `${header}
const test = needs({ dut: { selector: 'name=dut', board, state: 'linux', resetBetween: '${resetBetween}' } })
let attempts = 0
test('first', async ({ dut }) => {
  expect(await dut.sim.isIn('linux')).toBe(true)
  await dut.sim.crash()
})
test('second', { retry: 1 }, async ({ dut }) => {
  expect(await dut.sim.isIn('linux')).toBe(${resetBetween === 'test'})
  await dut.sim.crash()
  expect(attempts++).toBe(1)
})`
    await using project = await createProject(version, {
      'kind.mjs': kind,
      'vitest.config.js': config({ exporters: boards.exporters }, { testTimeout: 1_000, hookTimeout: 1_000 }),
      'test.test.js': file('test'),
      'file.test.js': file('file'),
    })
    const each = await project.vitest(['run', 'test.test.js'])
    expect(each.output).toMatch(/Tests\s+2 passed \(2\)/)
    // At the start of the file, before the second test, and before the second attempt at it.
    expect(bootsOf(boards.dut)).toHaveLength(3)

    boards.dut.asked = []
    const once = await project.vitest(['run', 'file.test.js'])
    expect(once.output).toMatch(/Tests\s+2 passed \(2\)/)
    expect(bootsOf(boards.dut)).toHaveLength(1)
  })

  test('files of one worker go on where the one before them stopped, if they are told to', async () => {
    await using boards = await serveBoards()
    const file = (resetBetween: string) => `${header}
const test = needs({ dut: { selector: 'name=dut', board, state: 'linux', resetBetween: '${resetBetween}' } })
test('leaves it off', async ({ dut }) => {
  await dut.states.to('off')
})`
    const options = { isolate: false, maxWorkers: 1, fileParallelism: false }
    await using project = await createProject(version, {
      'kind.mjs': kind,
      'vitest.config.js': config({ exporters: boards.exporters }, options),
      'never-1.test.js': file('never'),
      'never-2.test.js': file('never'),
      'file-1.test.js': file('file'),
      'file-2.test.js': file('file'),
    })
    for (const [name, boots] of [
      ['never', 1],
      ['file', 2],
    ] as const) {
      boards.dut.asked = []
      const { code, output } = await project.vitest(['run', name])
      expect(output).toMatch(/Tests\s+2 passed \(2\)/)
      expect(code).toBe(0)
      expect(bootsOf(boards.dut), name).toHaveLength(boots)
    }
  })

  test('a board that does not come up fails every test that uses it, at once and with one error', async () => {
    await using boards = await serveBoards()
    boards.dut.edgeFaults = Array.from({ length: 100 }, () => 'lies')
    await using project = await createProject(version, {
      'kind.mjs': kind,
      'vitest.config.js': config({ exporters: boards.exporters }, { testTimeout: 1_000, hookTimeout: 1_000 }),
      'start.test.js': `${header}
const test = needs({
  dut: { selector: 'name=dut', board, state: 'linux', resetBetween: 'test' },
  peer: { selector: 'name=peer', board, state: 'linux' },
})
test('one', async ({ dut }) => {})
test('two', async ({ dut }) => {})
test('three', async ({ peer }) => { expect(await peer.sim.isIn('linux')).toBe(true) })`,
      'later.test.js': `${header}
const test = needs({ dut: { selector: 'name=peer', board, state: 'linux', resetBetween: 'test' } })
test('one', async ({ dut }) => { await dut.sim.crash() })
test('two', async ({ dut }) => {})
test('three', async ({ dut }) => {})`,
    })
    const start = await project.vitest(['run', 'start.test.js'])
    expect(start.output).toMatch(/Tests\s+2 failed \| 1 passed \(3\)/)
    // Vitest shows an error once for all the tests that have it.
    expect(start.output).toMatch(/> one\n.*> two\nHardwareError: Board 'dut' cannot be brought to 'linux'/)
    expect(start.output).toMatch(/edge 'off → linux' ended after \d+ ms, but the check of 'linux' says no/)
    expect(bootsOf(boards.dut), 'once, and once more').toHaveLength(2)

    boards.peer.edgeFaults = Array.from({ length: 100 }, () => 'fails')
    boards.peer.asked = []
    const later = await project.vitest(['run', 'later.test.js'])
    expect(later.output).toMatch(/Tests\s+2 failed \| 1 passed \(3\)/)
    expect(later.output).toContain("edge 'any → off' failed after")
    expect(boards.peer.asked.filter((what) => what === 'panic → off')).toHaveLength(2)
  })

  test('what cannot be is said with all mistakes', async () => {
    await using boards = await serveBoards()
    await using project = await createProject(version, {
      'kind.mjs': kind,
      'vitest.config.js': config({ exporters: boards.exporters }),
      'a.test.js': `${header}
needs({
  a: { board, state: 'linx' },
  b: { board, resetBetween: 'test' },
  c: { board, state: 'off', resetBetween: 'tests' },
  d: { board, drivers: { states: Simulated } },
  e: { drivers: {}, state: 'off' },
  f: { board: {} },
})`,
    })
    const { output } = await project.vitest(['run'])
    expect(output).toContain(
      [
        "needs() cannot be met: role 'a' needs state 'linx', which its board does not have; there are off, linux",
        "role 'b' has resetBetween, but no state to return to",
        "role 'c' has resetBetween 'tests'; there are test, file, never",
        "role 'd' has a driver 'states', which is the name of its board",
        "role 'e' declares a state, but no board",
        "role 'f' has a board that is not what defineBoard() returns",
      ].join('; '),
    )
  })
})
