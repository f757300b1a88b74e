import { describe, expect, test } from 'vitest'

import { boardYaml, config, createProject, sessionsOf, type VitestVersion, vitestFolders } from '../support/project.ts'

const versions = Object.keys(vitestFolders) as VitestVersion[]

const header = `
import { needs } from 'vitest-hardware'
import { setTimeout as delay } from 'node:timers/promises'
import { Board } from './board.mjs'
`

/** Uses one board for half a second, under a time-out that a wait for the board would break. */
const single = (name: string) => `${header}
const test = needs({ dut: { selector: 'kind=small', drivers: { board: Board } } })
test('works for half a second', async ({ dut }) => {
  await dut.board.mark('${name}')
  await delay(500)
  await dut.board.mark('${name}')
})
`

const double = `${header}
const test = needs({
  first: { selector: 'name in (one)', drivers: { board: Board } },
  second: { selector: 'name=two', drivers: { board: Board } },
})
test('works on both', async ({ first, second }) => {
  await first.board.mark('both')
  await second.board.mark('both')
  await delay(500)
})
`

describe.each(versions)('%s', (version) => {
  test.each(['forks', 'threads'])(
    'two boards, six files that need one, and one that needs both, in %s',
    async (pool) => {
      const singles = Object.fromEntries([1, 2, 3, 4, 5, 6].map((n) => [`single-${n}.test.js`, single(`single-${n}`)]))
      const options = { exporters: { one: 'one.yaml', two: 'two.yaml' } }
      await using project = await createProject(version, {
        'one.yaml': boardYaml('one', { kind: 'small', name: 'one' }),
        'two.yaml': boardYaml('two', { kind: 'small', name: 'two' }),
        'vitest.config.js': config(options, { pool, maxWorkers: 7, testTimeout: 700 }),
        'both.test.js': double,
        ...singles,
      })
      const { code, output } = await project.vitest(['run'])
      expect(output).toMatch(/Tests\s+7 passed \(7\)/)
      expect(code).toBe(0)

      const sessions = sessionsOf(project.journal())
      expect(sessions, 'one session for each lease').toHaveLength(8)
      for (const session of sessions) {
        expect(session.files, 'one file in each session').toHaveLength(1)
        expect(session.end, 'every session is closed').toBeLessThan(Infinity)
        const others = sessions.filter((other) => other !== session && other.exporter === session.exporter)
        const overlapping = others.filter((other) => other.start < session.end && session.start < other.end)
        expect(overlapping, 'sessions of one board one after the other').toEqual([])
      }
      const parallel = sessions.some((a) =>
        sessions.some(
          (b) => a.exporter !== b.exporter && a.files[0] !== b.files[0] && a.start < b.end && b.start < a.end,
        ),
      )
      expect(parallel, 'boards work at the same time').toBe(true)
      const first = Math.min(...sessions.map(({ start }) => start))
      const last = Math.max(...sessions.map(({ start }) => start))
      expect(last - first, 'the last file waited longer than any test may take').toBeGreaterThan(1000)
    },
  )

  test('a worker that is killed frees its board', async () => {
    await using project = await createProject(version, {
      'one.yaml': boardYaml('one'),
      'vitest.config.js': config({ exporters: { one: 'one.yaml' } }, { pool: 'forks', maxWorkers: 2 }),
      'a.test.js': `${header}
const test = needs({ dut: { drivers: { board: Board } } })
test('dies', async ({ dut }) => {
  await dut.board.mark('a')
  await delay(300)
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), 300)
  await dut.board.hang()
})`,
      'b.test.js': `${header}
await delay(200)
const test = needs({ dut: { drivers: { board: Board } } })
test('gets the board', async ({ dut }) => {
  await dut.board.mark('b')
})`,
    })
    const { code, output } = await project.vitest(['run'])
    expect(output).toMatch(/Tests\s+1 passed/)
    expect(code, 'the file that died fails the run').toBe(1)
    expect(output).toMatch(
      /The worker of a\.test\.js has ended in the middle of a lease\. It had:\s+exporter one\s+call under way: board\.hang \(for 0\.\d s\)/,
    )
    const sessions = sessionsOf(project.journal())
    expect(sessions.map(({ files }) => files)).toEqual([['a'], ['b']])
    expect(sessions.every(({ end }) => end < Infinity)).toBe(true)
  })

  test('listing and filtering take no lease', async () => {
    await using project = await createProject(version, {
      'one.yaml': boardYaml('one'),
      'vitest.config.js': config({ exporters: { one: 'one.yaml' } }),
      'a.test.js': single('a').replace('kind=small', ''),
    })
    const list = await project.vitest(['list'])
    expect(list.output).toContain('works for half a second')
    expect(list.code).toBe(0)
    const filtered = await project.vitest(['run', '-t', 'no such test'])
    expect(filtered.output).toMatch(/1 skipped/)
    expect(project.journal()).toEqual([])
    const run = await project.vitest(['run'])
    expect(run.code, run.output).toBe(0)
    expect(sessionsOf(project.journal())).toMatchObject([{ files: ['a'] }])
  })
})
