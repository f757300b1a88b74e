import { appendFileSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

import { boardYaml, config, createProject, inEveryVariant, projectFile, sessionsOf } from '../support/project.ts'

/** Files of the folder `projects/plan`. */
const planFiles = (...names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, projectFile(`plan/${name}`)]))
/** Test files that are copies of one of the folder. */
const copiesOf = (file: string, names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [`${name}.test.ts`, projectFile(`plan/${file}`)]))

const units = ['one', 'two', 'three', 'four', 'five', 'six']
/** Without needs; they show that they have run. */
const unitFiles = copiesOf('unit.test.ts', units)
/** Each keeps its board until all files without needs have run. */
const patientFiles = copiesOf(
  'patient.test.ts',
  [1, 2, 3, 4, 5, 6, 7].map((n) => `0${n}`),
)

const twoBoards = { 'a.yaml': boardYaml('a'), 'b.yaml': boardYaml('b') }
const exporters = { a: 'a.yaml', b: 'b.yaml' }

/** A project that writes down how many workers there were. */
const countingFiles = (test: object = {}) => ({
  ...twoBoards,
  ...planFiles('worker-counter.ts'),
  'vitest.config.js': config({ exporters }, { reporters: ['default', './worker-counter.ts'], ...test }),
})

function workersIn(folder: string): Record<string, number>[] {
  const path = join(folder, 'workers.jsonl')
  if (!existsSync(path)) return []
  const lines = readFileSync(path, 'utf8').trim().split('\n')
  return lines.map((line) => JSON.parse(line) as Record<string, number>)
}

/** The files in which runs of a project keep the times of leases, as paths within the project. */
const timesIn = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('lease-times.json'))

/** As many workers as Vitest takes where nobody says how many. */
const usual = Math.max(1, availableParallelism() - 1)

describe('files without needs run while others hold or wait for all boards', () => {
  test.each<[string, { test?: object; args?: string[]; env?: Record<string, string>; workers: number }]>([
    ['by default', { workers: usual + 4 }],
    ['with one worker', { test: { fileParallelism: false }, workers: 1 }],
    ['with two workers, as the command line says', { args: ['--maxWorkers=2'], workers: 2 }],
    ...inEveryVariant<[string, { test?: object; env?: Record<string, string>; workers: number }]>(
      ['without isolation', { test: { isolate: false }, workers: usual + 4 }],
      ['in threads with a VM each', { test: { pool: 'vmThreads' }, workers: usual + 4 }],
      ['with the files in random order', { test: { sequence: { shuffle: { files: true } } }, workers: usual + 4 }],
      ['with one worker, as the environment says', { env: { VITEST_MAX_WORKERS: '1' }, workers: 1 }],
      ['with two workers', { test: { maxWorkers: 2 }, workers: 2 }],
      ['with many workers', { test: { maxWorkers: 9 }, workers: 9 }],
    ),
  ])('%s', async (_, { test: options = {}, args = [], env = {}, workers }) => {
    await using project = await createProject({
      ...countingFiles(options),
      ...unitFiles,
      ...patientFiles,
    })
    const { code, output } = await project.vitest(['run', ...args], env)
    expect(code, output).toBe(0)
    expect(output).toMatch(/Tests\s+13 passed/)
    expect(workersIn(project.folder)).toEqual([{ '': workers }])
    expect(sessionsOf(project.journal())).toHaveLength(7)
  })
})

test('projects that run together have the same number of workers, and share the boards', async () => {
  await using project = await createProject({
    ...countingFiles({
      projects: [
        { extends: true, test: { name: 'boards', include: ['0*.test.ts'] } },
        {
          extends: true,
          plugins: [{ name: 'own' }],
          test: { name: { label: 'units' }, include: ['t*.test.ts', 'o*.test.ts'] },
        },
        { extends: true, test: { name: 'one by one', include: ['f*.test.ts', 's*.test.ts'], fileParallelism: false } },
        {
          extends: true,
          test: { name: 'later', include: ['later.test.ts'], maxWorkers: 3, sequence: { groupOrder: 1 } },
        },
      ],
    }),
    ...unitFiles,
    ...patientFiles,
    // Files that run after all of these cannot be waited for.
    ...Object.fromEntries(['four', 'five', 'six'].map((name) => [`${name}.done`, ''])),
    ...copiesOf('patient.test.ts', ['later']),
  })
  const { code, output } = await project.vitest(['run'])
  expect(code, output).toBe(0)
  expect(output).toMatch(/Tests\s+14 passed/)
  const shared = usual + 4
  expect(workersIn(project.folder)).toEqual([{ boards: shared, units: shared, 'one by one': 1, later: 3 }])
})

test('files that need hardware run longest first, by how long they held it last time', async () => {
  await using project = await createProject({
    'one.yaml': boardYaml('one'),
    'vitest.config.js': config({ exporters: { one: 'one.yaml' } }, { maxWorkers: 1 }),
    ...planFiles('dut.ts', 'unit.test.ts'),
    ...copiesOf('keeps.test.ts', ['a', 'b', 'c', 'd']),
  })
  const ran = async (...args: string[]) => {
    const before = project.journal().length
    const { code, output } = await project.vitest(['run', ...args], { KEEP_MS: JSON.stringify({ b: 600 }) })
    expect(code, output).toBe(0)
    return sessionsOf(project.journal().slice(before)).map(({ files }) => files.join())
  }
  expect((await ran()).toSorted((one, other) => one.localeCompare(other))).toEqual(['a', 'b', 'c', 'd'])
  const [times = ''] = timesIn(project.folder)
  const measured = JSON.parse(readFileSync(join(project.folder, times), 'utf8')) as { files: Record<string, number> }
  expect(measured.files['b.test.ts'], 'the time that its test keeps the board').toBeGreaterThanOrEqual(590)
  expect(Object.keys(measured.files).toSorted()).toEqual(['a.test.ts', 'b.test.ts', 'c.test.ts', 'd.test.ts'])
  // Times as if from an earlier run, because those of a busy machine may have any order.
  const files = { 'a.test.ts': 20_000, 'b.test.ts': 60_000, 'c.test.ts': 40_000, 'd.test.ts': 10_000 }
  project.write(times, JSON.stringify({ ...measured, files }))
  expect(await ran('c.test.ts')).toEqual(['c'])
  project.write('e.test.ts', projectFile('plan/keeps.test.ts'))
  expect(await ran(), 'what is new comes first, and c has a new time').toEqual(['e', 'b', 'a', 'd', 'c'])
})

test('the order of a sequencer of the user is kept', async () => {
  await using project = await createProject({
    'one.yaml': boardYaml('one'),
    'vitest.config.ts': projectFile('plan/backwards.config.ts'),
    ...planFiles('dut.ts'),
    ...copiesOf('keeps.test.ts', ['a', 'b', 'c', 'd', 'e']),
  })
  const { code, output } = await project.vitest(['run', '--shard=1/2'])
  expect(code, output).toBe(0)
  expect(sessionsOf(project.journal()).map(({ files }) => files.join())).toEqual(['e', 'd', 'c', 'b'])
})

test('needs that cannot be met are told before the first test that fails for them', async () => {
  await using project = await createProject({
    'uno.yaml': boardYaml('uno', { board: 'uno', rev: '2' }),
    'due.yaml': boardYaml('due', { board: 'due' }),
    'vitest.config.js': config({ exporters: { due: 'due.yaml', uno: 'uno.yaml' } }),
    ...planFiles('missing.test.ts', 'pair.test.ts', 'esp32.ts', 'helped.test.ts', 'perhaps.test.ts'),
  })
  const { code, output } = await project.vitest(['run', '--reporter=verbose'])
  expect(code).toBe(1)
  const nearestEsp32 = `    exporter due: board=due (does not match: board)
    exporter uno: board=uno,rev=2 (does not match: board)`
  const list = output.slice(output.indexOf('[vitest-hardware]'))
  expect(list).toMatch(/^\[vitest-hardware\] These needs cannot be met:\n/)
  for (const paragraph of [
    `  missing.test.ts: Role 'dut' needs an exporter with board=uno,rev=3, and this run has none. There are:
    exporter uno: board=uno,rev=2 (does not match: rev)
    exporter due: board=due (does not match: board, rev)`,
    `  helped.test.ts: Role 'dut' needs an exporter with board=esp32, and this run has none. There are:\n${nearestEsp32}`,
    `  pair.test.ts: No exporter is left for role 'dut': it needs an exporter with board in (due), and other roles of this file need due too`,
  ]) {
    expect(output).toContain(paragraph)
  }
  // The test whose need is met may pass before: its board does not wait until the other exporter has started.
  const firstFailure = output.search(/× /)
  expect(output.indexOf('These needs cannot be met')).toBeLessThan(firstFailure)
  expect(output.lastIndexOf('does not match', firstFailure)).toBeGreaterThan(0)
  expect(output.split('These needs cannot be met')).toHaveLength(2)
  expect(output, 'the files themselves fail as before').toMatch(/Tests\s+3 failed \| 2 passed/)
})

test('where all needs can be met, or exporters have not told their labels, nothing is told', async () => {
  await using project = await createProject({
    ...twoBoards,
    'vitest.config.js': config({ exporters }),
    ...unitFiles,
    ...copiesOf('patient.test.ts', ['01']),
    'broken.test.ts': `import { needs } from 'vitest-hardware'\nneeds({ dut: `,
  })
  const { output } = await project.vitest(['run'])
  expect(output).not.toContain('These needs')
  expect(output).toMatch(/Tests\s+7 passed/)
  expect(output, 'what cannot be parsed is told by the run').toMatch(/FAIL\s+broken\.test\.ts/)
})

test('in watch mode every run has the same number of workers', async () => {
  await using project = await createProject({
    ...countingFiles(),
    ...copiesOf('patient.test.ts', ['01']),
    ...Object.fromEntries(units.map((name) => [`${name}.done`, ''])),
  })
  const watch = project.start(['--watch'])
  const more = () => workersIn(project.folder).map((workers) => workers['']!)
  for (let runs = 1; runs <= 3; runs++) {
    await expect.poll(() => more().length, { timeout: 20_000 }).toBe(runs)
    appendFileSync(join(project.folder, '01.test.ts'), '\n')
  }
  expect(new Set(more()).size).toBe(1)
  expect(more()[0]).toBe(Math.max(1, Math.floor(availableParallelism() / 2)) + 1)
  watch.kill('SIGTERM')
  await watch
})

describe('times', () => {
  const files = {
    ...twoBoards,
    ...copiesOf('patient.test.ts', ['01']),
    ...planFiles('missing.test.ts', 'skipped.test.ts'),
    ...unitFiles,
    ...Object.fromEntries(units.map((name) => [`${name}.done`, ''])),
  }
  test('are kept in the folder that Vitest keeps its own in', async () => {
    await using project = await createProject({ ...files, 'vitest.config.js': config({ exporters }) })
    await project.vitest(['run'])
    const [path = '', ...others] = timesIn(project.folder)
    expect(path).toMatch(/\.vite\/vitest\/.*vitest-hardware\/lease-times\.json$/)
    expect(others).toEqual([])
    const stored = () => JSON.parse(readFileSync(join(project.folder, path), 'utf8')) as unknown
    const first = stored()
    expect(first, 'what runs without a lease has none').toEqual({
      version: 1,
      files: { '01.test.ts': expect.any(Number), 'missing.test.ts': 0, 'skipped.test.ts': 0 },
    })
    expect(first).not.toMatchObject({ files: { '01.test.ts': 0 } })
    await project.vitest(['list'])
    await project.vitest(['run', '-t', 'nothing'])
    await project.vitest(['run', '-t', 'waits for the others'])
    expect(stored(), 'nothing is known from some tests of a file').toEqual(first)
  })

  test('are not kept by a run without a cache', async () => {
    const without = config({ exporters }, { cache: false })
    await using project = await createProject({ ...files, 'vitest.config.js': without })
    await project.vitest(['run'])
    expect(timesIn(project.folder)).toEqual([])
  })
})
