import { expect, test } from 'vitest'

import { boardYaml, config, createProject, inEveryVariant, sessionsOf } from '../support/project.ts'

test.each(['forks', ...inEveryVariant('threads')])(
  'two boards, six files that need one, and one that needs both, in %s',
  async (pool) => {
    const options = { exporters: { one: 'one.yaml', two: 'two.yaml' } }
    const files = {
      'one.yaml': boardYaml('one', { kind: 'small', name: 'one' }),
      'two.yaml': boardYaml('two', { kind: 'small', name: 'two' }),
      // A wait for a board would break the tests' time-out.
      'vitest.config.js': config(options, { pool, maxWorkers: 7, testTimeout: 2_500 }),
    }
    await using project = await createProject(files, 'sharing')
    const { code, output } = await project.vitest(['run', 'single', 'both'])
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
    expect(last - first, 'the last file waited longer than any test may take').toBeGreaterThan(2_500)
  },
)

test('a worker that is killed frees its board', async () => {
  const files = {
    'one.yaml': boardYaml('one'),
    'vitest.config.js': config({ exporters: { one: 'one.yaml' } }, { pool: 'forks', maxWorkers: 2 }),
  }
  await using project = await createProject(files, 'sharing')
  const { code, output } = await project.vitest(['run', 'dies', 'follows'])
  expect(output).toMatch(/Test Files\s+1 failed \| 1 passed \(2\)\s+Tests\s+1 failed \| 1 passed/)
  expect(code, 'the file that died fails the run').toBe(1)
  expect(output).toMatch(
    /The worker of dies\.test\.ts has ended in the middle of a lease\. It had:\s+exporter one\s+call under way: board\.hang \(for 0\.\d s\)/,
  )
  const sessions = sessionsOf(project.journal())
  expect(sessions.map(({ files }) => files)).toEqual([['dies'], ['follows']])
  expect(sessions.every(({ end }) => end < Infinity)).toBe(true)
})

test('listing and filtering take no lease', async () => {
  const files = {
    'one.yaml': boardYaml('one'),
    'vitest.config.js': config({ exporters: { one: 'one.yaml' } }),
  }
  await using project = await createProject(files, 'sharing')
  const list = await project.vitest(['list', 'listed'])
  expect(list.output).toContain('is listed')
  expect(list.code).toBe(0)
  const filtered = await project.vitest(['run', 'listed', '-t', 'no such test'])
  expect(filtered.output).toMatch(/1 skipped/)
  expect(project.journal()).toEqual([])
  const run = await project.vitest(['run', 'listed'])
  expect(run.code, run.output).toBe(0)
  expect(sessionsOf(project.journal())).toMatchObject([{ files: ['listed'] }])
})
