import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, test } from 'vitest'

import { processesWith, startGroup } from '../support/faulty-run.ts'
import { ProcessOutput } from '../support/process-output.ts'
import { boardYaml, config, createProject, inEveryVariant, testedVitest } from '../support/project.ts'

/** Creates a project of files that use the board, one that waits for it, and one that needs none. */
const createInterrupted = (test: object = {}) =>
  createProject(
    {
      'one.yaml': boardYaml('one', {}, {}, ['board.relax']),
      'vitest.config.js': config({ exporters: { one: 'one.yaml' } }, test),
    },
    'interrupts',
  )

interface End {
  readonly args: readonly string[]
  readonly signals: readonly NodeJS.Signals[]
  readonly toGroup?: boolean
  readonly env?: Record<string, string>
  readonly code: number
  readonly prints?: RegExp
}

const ends: Readonly<Record<string, End>> = {
  'SIGINT to the run': {
    args: ['hangs'],
    signals: ['SIGINT'],
    code: 130,
    prints: /SIGINT: tests are/,
  },
  'Ctrl-C, to all its processes': { args: ['hangs'], signals: ['SIGINT'], toGroup: true, code: 130 },
  'SIGTERM to the run': { args: ['hangs'], signals: ['SIGTERM'], code: 143 },
  'SIGTERM to all its processes': { args: ['hangs'], signals: ['SIGTERM'], toGroup: true, code: 143 },
  'a terminal that is closed': { args: ['hangs'], signals: ['SIGHUP'], toGroup: true, code: 129 },
  'Ctrl-C while another file waits': {
    args: ['hangs', 'waits', 'plain', '--maxWorkers=3'],
    signals: ['SIGINT'],
    toGroup: true,
    code: 130,
  },
  'SIGTERM while another file waits': {
    args: ['hangs', 'waits', 'plain', '--maxWorkers=3'],
    signals: ['SIGTERM'],
    toGroup: true,
    code: 143,
  },
  'Ctrl-C twice, while the clean-up hangs': {
    args: ['hangs'],
    signals: ['SIGINT', 'SIGINT'],
    toGroup: true,
    env: { STUCK: '1' },
    code: 130,
  },
  'a clean-up that never ends': {
    args: ['hangs', '--teardownTimeout=1500'],
    signals: ['SIGTERM'],
    env: { STUCK: '1' },
    code: 143,
    prints: /did not end within 1500 ms after SIGTERM/,
  },
}

const cases = Object.entries(ends).flatMap(([name, end]) => {
  const alone = !name.includes('waits') && testedVitest === '5'
  // One kind of end in both pools shows that threads are ended, too.
  const threads = name === 'SIGTERM to the run' ? ['threads'] : inEveryVariant('threads')
  return ['forks', ...(alone ? threads : [])].map((pool) => ({ name, pool, end }))
})

test.each(cases)('$name, in $pool', async ({ pool, end }) => {
  await using project = await createInterrupted({ pool })
  const { run, signal, signalGroup, leftovers } = startGroup(project, ['run', ...end.args], end.env)
  const events = () => project.journal().map(({ event, data }) => data ?? event)
  await expect.poll(events, { timeout: 30_000 }).toContain('hang')
  const isWaiting = () => !end.args.includes('waits') || existsSync(join(project.folder, 'waiting'))
  await expect.poll(isWaiting, { timeout: 30_000 }).toBe(true)
  const begin = Date.now()
  for (const [index, name] of end.signals.entries()) {
    // The second one comes while the clean-up hangs.
    await expect.poll(events, { timeout: 10_000 }).toContain(index === 0 ? 'hang' : 'cleaned')
    if (end.toGroup === true) signalGroup(name)
    else signal(name)
  }
  const { exitCode, all } = await run
  console.log(`${pool}: ended after ${Date.now() - begin} ms`)
  expect(exitCode, all).toBe(end.code)
  expect(Date.now() - begin, all).toBeLessThan(9_000)
  expect(all).toMatch(end.prints ?? '')
  await expect.poll(events, { timeout: 10_000 }).toContain('end')
  expect(events().slice(-2), all).toEqual(['relax', 'end'])
  expect(events(), all).toContain('cleaned')
  expect(events(), 'the one that waited got nothing').not.toContain('waits')
  await expect.poll(() => processesWith(project.folder), { timeout: 10_000 }).toEqual([])
  await expect.poll(leftovers, { timeout: 10_000 }).toEqual([])
})

test('Ctrl-C while another process has the board ends the wait', async () => {
  await using project = await createInterrupted()
  const cli = join(project.folder, 'node_modules/vitest-hardware/dist/cli/main.js')
  const shell = execa(process.execPath, [cli, 'shell', '--exporter-config', 'one.yaml', '--', 'sleep', '50'], {
    cwd: project.folder,
    reject: false,
  })
  await expect.poll(() => project.journal().map(({ event }) => event), { timeout: 30_000 }).toContain('start')
  const { run, signalGroup } = startGroup(project, ['run', 'elsewhere'])
  await new ProcessOutput(run).prints('waits: exporter one is held by')
  const begin = Date.now()
  signalGroup('SIGINT')
  const { exitCode, all } = await run
  console.log(`ended after ${Date.now() - begin} ms`)
  expect(exitCode, all).toBe(130)
  expect(Date.now() - begin, all).toBeLessThan(9_000)
  shell.kill('SIGTERM')
  await shell
  await expect.poll(() => processesWith(project.folder), { timeout: 10_000 }).toEqual([])
})

test('bail ends what waits, and its boards are left safe', async () => {
  await using project = await createInterrupted({ bail: 1, maxWorkers: 2 })
  const begin = Date.now()
  const { code, output } = await project.vitest(['run', 'fails', 'waits'])
  expect(code, output).toBe(1)
  expect(Date.now() - begin).toBeLessThan(15_000)
  expect(
    project
      .journal()
      .map(({ event }) => event)
      .slice(-2),
  ).toEqual(['relax', 'end'])
})
