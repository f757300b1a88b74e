import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

import { processesWith, startGroup } from '../support/faulty-run.ts'
import { boardYaml, config, createProject, type VitestVersion, vitestFolders } from '../support/project.ts'

const header = `
import { needs } from 'vitest-hardware'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { Board } from './board.mjs'
import { afterEach, test as plain } from 'vitest'
const needsBoard = needs({ dut: { drivers: { board: Board } } })
const test = needsBoard.extend('cleaned', async ({ dut }, { onCleanup }) => {
  onCleanup(async () => {
    await dut.board.mark('cleaned')
    if (process.env.STUCK) await new Promise(() => {})
  })
  return true
})
`
const files = {
  'one.yaml': boardYaml('one', {}, {}, ['board.relax']),
  'hangs.test.js': `${header}
test('hangs', async ({ dut, cleaned }) => { await dut.board.hang() }, 60_000)`,
  'waits.test.js': `${header}
// The other file has the board, whichever began first.
while (!existsSync('journal.jsonl') || !/hang|fails/.test(readFileSync('journal.jsonl', 'utf8'))) await delay(20)
writeFileSync('waiting', '')
test('waits', async ({ dut }) => { await dut.board.mark('waits') })`,
  'plain.test.js': `import { test } from 'vitest'
test('takes long', () => new Promise((resolve) => setTimeout(resolve, 30_000)), 60_000)`,
}

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

describe.each(Object.keys(vitestFolders) as VitestVersion[])('%s', (version) => {
  const cases = Object.entries(ends).flatMap(([name, end]) => {
    const alone = !name.includes('waits') && version === 'Vitest 5'
    return (alone ? ['forks', 'threads'] : ['forks']).map((pool) => ({ name, pool, end }))
  })

  test.each(cases)('$name, in $pool', async ({ pool, end }) => {
    await using project = await createProject(version, {
      ...files,
      'vitest.config.js': config({ exporters: { one: 'one.yaml' } }, { pool }),
    })
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
    console.log(`${version}, ${pool}: ended after ${Date.now() - begin} ms`)
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

  test('bail ends what waits, and its boards are left safe', async () => {
    await using project = await createProject(version, {
      ...files,
      'fails.test.js': `${header}
test('fails', async ({ dut }) => {
  await dut.board.mark('fails')
  await new Promise((resolve) => setTimeout(resolve, 1500))
  throw new Error('no')
})`,
      'vitest.config.js': config({ exporters: { one: 'one.yaml' } }, { bail: 1, maxWorkers: 2 }),
    })
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
})
