import { expect, test } from 'vitest'

import { boardYaml, config, createProject, sessionsOf } from '../support/project.ts'

const boards = ['a', 'b', 'c']
const fileCount = 30
/** The times for which the files use their boards, in milliseconds, evenly spread. */
const shortestMs = 200
const longestMs = 2000

/** A linear congruential generator with the constants of Numerical Recipes, so that every run has the same files. */
function* randoms(seed: number): Generator<number, never> {
  for (let state = seed; ;) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    yield state / 2 ** 32
  }
}

const lengths = Array.from(randoms(42).take(fileCount), (random) => {
  return Math.round(shortestMs + random * (longestMs - shortestMs))
})

const files = Object.fromEntries(
  lengths.map((ms, index) => [
    `${index}.test.js`,
    `import { needs } from 'vitest-hardware'
import { setTimeout as delay } from 'node:timers/promises'
import { Board } from './board.ts'
const test = needs({ dut: { drivers: { board: Board } } })
test('uses its board', async ({ dut }) => {
  await dut.board.mark('${index}')
  await delay(${ms})
})`,
  ]),
)

test(`${fileCount} files on ${boards.length} boards take little longer than they must`, async () => {
  await using project = await createProject({
    ...files,
    ...Object.fromEntries(boards.map((name) => [`${name}.yaml`, boardYaml(name)])),
    'vitest.config.js': config({ exporters: Object.fromEntries(boards.map((name) => [name, `${name}.yaml`])) }),
  })
  const run = async () => {
    const before = project.journal().length
    const { code, output } = await project.vitest(['run'])
    expect(code, output).toBe(0)
    const sessions = sessionsOf(project.journal().slice(before))
    expect(sessions.flatMap((session) => session.files)).toHaveLength(fileCount)
    for (const board of boards) {
      const ofBoard = sessions.filter(({ exporter }) => exporter === board)
      const inTurn = ofBoard.toSorted((one, other) => one.start - other.start)
      const overlapping = inTurn.filter(({ start }, index) => start < (inTurn[index - 1]?.end ?? 0))
      expect(overlapping, `sessions of board ${board} one after the other`).toEqual([])
    }
    const makespanMs = Math.max(...sessions.map(({ end }) => end)) - Math.min(...sessions.map(({ start }) => start))
    return { makespanMs, boundMs: shortestMakespan(sessions.map(({ start, end }) => end - start)) }
  }
  const first = await run()
  const second = await run()
  const atLeast = Math.round(shortestMakespan(lengths))
  process.stdout.write(
    `at least ${atLeast} ms, with sessions ${Math.round(second.boundMs)} ms; first ${first.makespanMs} ms, then ${second.makespanMs} ms\n`,
  )
  // Against the sessions as they were: a slow machine takes longer to open and close each of them, in any order.
  expect(second.makespanMs / second.boundMs, 'when the times are known').toBeLessThan(1.15)
})

/** The shortest time for uses of the boards: the boards share the sum, and nothing is shorter than its longest part. */
function shortestMakespan(times: readonly number[]): number {
  return Math.max(times.reduce((total, ms) => total + ms) / boards.length, ...times)
}
