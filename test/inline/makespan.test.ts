import { describe, expect, test } from 'vitest'

import { boardYaml, config, createProject, sessionsOf, type VitestVersion, vitestFolders } from '../support/project.ts'

const boards = ['a', 'b', 'c']
const fileCount = 30
/** How long the files use their boards, in milliseconds, evenly spread. */
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
import { Board } from './board.mjs'
const test = needs({ dut: { drivers: { board: Board } } })
test('uses its board', async ({ dut }) => {
  await dut.board.mark('${index}')
  await delay(${ms})
})`,
  ]),
)

describe.each(Object.keys(vitestFolders) as VitestVersion[])('%s', (version) => {
  test(`${fileCount} files on ${boards.length} boards take little longer than they must`, async () => {
    await using project = await createProject(version, {
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
      return Math.max(...sessions.map(({ end }) => end)) - Math.min(...sessions.map(({ start }) => start))
    }
    // No schedule is shorter than this: the boards share the sum, and nothing is shorter than its longest part.
    const sum = lengths.reduce((total, ms) => total + ms)
    const boundMs = Math.max(sum / boards.length, ...lengths)
    const first = await run()
    const second = await run()
    process.stdout.write(`${version}: at least ${Math.round(boundMs)} ms, first ${first} ms, then ${second} ms\n`)
    expect(second / boundMs, 'when the times are known').toBeLessThan(1.15)
  })
})
