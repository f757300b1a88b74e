import { expect, test } from 'vitest'

import { serve } from '../../src/index.ts'
import { CompositeDriver } from '../../src/runtime/index.ts'
import { SimulatedBoard } from '../boards/simulated-board.ts'
import { config, createProject } from '../support/project.ts'

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

/** A project that uses the boards. Its folder has the files of all tests, so each run names those of its test. */
const createBoardProject = ({ exporters }: Awaited<ReturnType<typeof serveBoards>>, options: object = {}) =>
  createProject({ 'vitest.config.js': config({ exporters }, options) }, 'board-states')
/** The boards have to take longer than this. */
const shortTimeouts = { testTimeout: 1_000, hookTimeout: 1_000 }

const bootsOf = ({ asked }: SimulatedBoard) => asked.filter((what) => what.endsWith('→ linux'))

test('a board that boots in 5 s is ready for tests of 1 s', async () => {
  await using boards = await serveBoards()
  boards.dut.moveMs = 5_000
  await using project = await createBoardProject(boards, shortTimeouts)
  const { code, output } = await project.vitest(['run', 'linux'])
  expect(output).toMatch(/Tests\s+3 passed \(3\)/)
  expect(code).toBe(0)
  expect(bootsOf(boards.dut)).toEqual(['off → linux'])
})

test('resetBetween says when the board returns to the state', async () => {
  await using boards = await serveBoards()
  boards.dut.moveMs = 600
  await using project = await createBoardProject(boards, shortTimeouts)
  const each = await project.vitest(['run', 'crashes'], { RESET_BETWEEN: 'test' })
  expect(each.output).toMatch(/Tests\s+2 passed \(2\)/)
  // At the start of the file, before the second test, and before the second attempt at it.
  expect(bootsOf(boards.dut)).toHaveLength(3)

  boards.dut.asked = []
  const once = await project.vitest(['run', 'crashes'], { RESET_BETWEEN: 'file' })
  expect(once.output).toMatch(/Tests\s+2 passed \(2\)/)
  expect(bootsOf(boards.dut)).toHaveLength(1)
})

test('files of one worker go on where the one before them stopped, if they are told to', async () => {
  await using boards = await serveBoards()
  const options = { isolate: false, maxWorkers: 1, fileParallelism: false }
  await using project = await createBoardProject(boards, options)
  for (const [resetBetween, boots] of [
    ['never', 1],
    ['file', 2],
  ] as const) {
    boards.dut.asked = []
    const { code, output } = await project.vitest(['run', 'leaves-off'], { RESET_BETWEEN: resetBetween })
    expect(output).toMatch(/Tests\s+2 passed \(2\)/)
    expect(code).toBe(0)
    expect(bootsOf(boards.dut), resetBetween).toHaveLength(boots)
  }
})

test('a board that does not come up fails every test that uses it, at once and with one error', async () => {
  await using boards = await serveBoards()
  boards.dut.edgeFaults = Array.from({ length: 100 }, () => 'lies')
  await using project = await createBoardProject(boards, shortTimeouts)
  const start = await project.vitest(['run', 'never-up'])
  expect(start.output).toMatch(/Tests\s+2 failed \| 1 passed \(3\)/)
  // Vitest shows an error once for all the tests that have it.
  expect(start.output).toMatch(/> one\n.*> two\nHardwareError: Board 'dut' cannot be brought to 'linux'/)
  expect(start.output).toMatch(/edge 'off → linux' ended after \d+ ms, but the check of 'linux' says no/)
  expect(bootsOf(boards.dut), 'once, and once more').toHaveLength(2)

  boards.peer.edgeFaults = Array.from({ length: 100 }, () => 'fails')
  boards.peer.asked = []
  const later = await project.vitest(['run', 'not-up-again'])
  expect(later.output).toMatch(/Tests\s+2 failed \| 1 passed \(3\)/)
  expect(later.output).toContain("edge 'any → off' failed after")
  expect(boards.peer.asked.filter((what) => what === 'panic → off')).toHaveLength(2)
})

test('what cannot be is said with all mistakes', async () => {
  await using boards = await serveBoards()
  await using project = await createBoardProject(boards)
  const { output } = await project.vitest(['run', 'mistakes'])
  expect(output).toContain(
    [
      "needs() cannot be met: role 'a': it needs state 'linx', which its board does not have; there are off, linux",
      "role 'b': it has resetBetween, but no state to return to",
      `role 'c': resetBetween is "tests"; it has to be test or file or never`,
      "role 'd': it has a driver 'states', which is the name of its board",
      "role 'e': it declares a state, but no board",
      "role 'f': board is {}; it has to be the result of defineBoard()",
    ].join('; '),
  )
})
