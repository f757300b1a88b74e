import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'

import type { BrokerTask, Grant } from '../support/broker-process.ts'
import { createCliFolder } from '../support/cli.ts'

const program = fileURLToPath(new URL('../support/broker-process.ts', import.meta.url))
const timeout = 120_000

let cli: Awaited<ReturnType<typeof createCliFolder>>
let exporters: Record<string, string>

beforeAll(async () => {
  cli = await createCliFolder()
  exporters = Object.fromEntries(
    ['a', 'b', 'c'].map((name) => [name, cli.exporter(name, { labels: { name, kind: 'uno' } })]),
  )
})
beforeEach(() => rmSync(join(cli.folder, 'grants'), { force: true }))
afterAll(() => cli[Symbol.asyncDispose]())

/** Starts a run with some of the exporters. @returns how it ends */
function start(names: readonly string[], task: Omit<BrokerTask, 'folder' | 'exporters'>) {
  const own = Object.fromEntries(names.map((name) => [name, exporters[name] ?? '']))
  const child = fork(program, [JSON.stringify({ folder: cli.folder, exporters: own, ...task } satisfies BrokerTask)])
  onTestFinished(() => void child.kill('SIGKILL'))
  return once(child, 'exit')
}

const grants = () =>
  readFileSync(join(cli.folder, 'grants'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Grant)

function expectNoNotes(): void {
  const notes = join(cli.folder, 'notes')
  expect(existsSync(notes) ? readFileSync(notes, 'utf8') : '').toBe('')
}

test('two runs with crossed needs of two boards neither block nor starve each other', { timeout }, async () => {
  const rounds = 50
  const begin = Date.now()
  const ends = [
    start(['a', 'b'], { rounds, files: { 'one.test.ts': { x: 'name=a', y: 'name=b' } } }),
    start(['b', 'a'], { rounds, files: { 'two.test.ts': { x: 'name=b', y: 'name=a' } } }),
  ]
  expect(await Promise.all(ends)).toEqual([
    [0, null],
    [0, null],
  ])
  const all = grants()
  expect(all).toHaveLength(2 * rounds)
  const waits = all.map(({ pid, asked, got }) => {
    return all.filter((other) => other.pid !== pid && other.got > asked && other.got < got).length
  })
  const ms = all.map(({ asked, got }) => got - asked)
  console.log(
    `${all.length} grants in ${Date.now() - begin} ms; at most ${Math.max(...ms)} ms and ${Math.max(...waits)} grants of the other`,
  )
  const mostly = waits.toSorted((one, other) => one - other)[Math.floor(0.9 * waits.length)]
  expect(mostly, 'they take turns').toBeLessThan(4)
  expectNoNotes()
})

test('three runs with files that need one board, or two, all get on', { timeout }, async () => {
  const rounds = 15
  const begin = Date.now()
  const ends = [
    start(['a', 'b', 'c'], { rounds, files: { '1.ts': { x: 'name=a', y: 'name=b' }, '2.ts': { any: '' } } }),
    start(['b', 'c', 'a'], { rounds, files: { '3.ts': { x: 'name=b', y: 'name=c' }, '4.ts': { any: 'kind=uno' } } }),
    start(['c', 'a', 'b'], { rounds, files: { '5.ts': { x: 'name=c', y: 'name=a' }, '6.ts': { x: '', y: '' } } }),
  ]
  expect(await Promise.all(ends)).toEqual(ends.map(() => [0, null]))
  const all = grants()
  expect(all).toHaveLength(6 * rounds)
  console.log(
    `${all.length} grants in ${Date.now() - begin} ms; at most ${Math.max(...all.map(({ asked, got }) => got - asked))} ms`,
  )
  expectNoNotes()
})

test('a file that can do with any board takes one that the other run does not have', { timeout }, async () => {
  const holder = cli.start([
    'shell',
    '--exporter-config',
    exporters['a'] ?? '',
    '--',
    'sh',
    '-c',
    'echo $$ has it; exec sleep 600',
  ])
  const command = Number(await holder.prints(/(\d+) has it/))
  const files = { '1.ts': { any: 'kind=uno' }, '2.ts': { x: 'kind=uno', y: 'name=b' } }
  expect(await start(['a', 'b', 'c'], { rounds: 3, files })).toEqual([0, null])
  expect(grants().flatMap(({ exporters: names }) => names)).not.toContain('a')
  expect(grants()).toHaveLength(6)
  process.kill(command)
  await holder.child
  expectNoNotes()
})
