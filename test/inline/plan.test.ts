import { appendFileSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

import { boardYaml, config, createProject, sessionsOf, type VitestVersion, vitestFolders } from '../support/project.ts'

const header = `
import { needs, expect } from 'vitest-hardware'
import { existsSync, writeFileSync } from 'node:fs'
import { Board } from './board.mjs'
`
const declaration = (selector: string) => `needs({ dut: { selector: '${selector}', drivers: { board: Board } } })`

const units = ['one', 'two', 'three', 'four', 'five', 'six']

/** Without needs; shows that it has run. */
const unitFiles = Object.fromEntries(
  units.map((name) => [
    `${name}.test.js`,
    `import { writeFileSync } from 'node:fs'
import { test } from 'vitest'
test('needs nothing', () => writeFileSync('${name}.done', ''))`,
  ]),
)

/** Keeps its board until all files without needs have run. */
const patientFile = (name: string) => `${header}
const test = ${declaration('')}
test('waits for the others', async ({ dut }) => {
  await dut.board.mark('${name}')
  const all = ${JSON.stringify(units)}
  await expect.poll(() => all.filter((name) => !existsSync(name + '.done')), { timeout: 30_000 }).toEqual([])
}, 40_000)`
const patientFiles = Object.fromEntries([1, 2, 3, 4, 5, 6, 7].map((n) => [`0${n}.test.js`, patientFile(`0${n}`)]))

const twoBoards = { 'a.yaml': boardYaml('a'), 'b.yaml': boardYaml('b') }
const exporters = { a: 'a.yaml', b: 'b.yaml' }

/** A configuration that writes down how many workers there were. */
function counting(test: string): string {
  return `
import { appendFileSync } from 'node:fs'
import { defineConfig } from 'vitest/config'
import { hardware } from 'vitest-hardware/plugin'
const counter = {
  onInit(vitest) { this.vitest = vitest },
  onTestRunEnd() {
    const workers = this.vitest.projects.map(({ name, config }) => [name, config.maxWorkers])
    appendFileSync('workers.jsonl', JSON.stringify(Object.fromEntries(workers)) + '\\n')
  },
}
export default defineConfig({
  plugins: [hardware({ exporters: ${JSON.stringify(exporters)} })],
  test: { reporters: ['default', counter], ${test} },
})`
}

function workersIn(folder: string): Record<string, number>[] {
  const path = join(folder, 'workers.jsonl')
  if (!existsSync(path)) return []
  const lines = readFileSync(path, 'utf8').trim().split('\n')
  return lines.map((line) => JSON.parse(line) as Record<string, number>)
}

/** As many workers as Vitest takes where nobody says how many. */
const usual = Math.max(1, availableParallelism() - 1)

describe.each(Object.keys(vitestFolders) as VitestVersion[])('%s', (version) => {
  describe('files without needs run while others hold or wait for all boards', () => {
    test.each<[string, { test?: string; args?: string[]; env?: Record<string, string>; workers: number }]>([
      ['by default', { workers: usual + 4 }],
      ['without isolation', { test: 'isolate: false', workers: usual + 4 }],
      ['in threads with a VM each', { test: `pool: 'vmThreads'`, workers: usual + 4 }],
      ['with the files in random order', { test: 'sequence: { shuffle: { files: true } }', workers: usual + 4 }],
      ['with one worker', { test: 'fileParallelism: false', workers: 1 }],
      ['with one worker, as the environment says', { env: { VITEST_MAX_WORKERS: '1' }, workers: 1 }],
      ['with two workers', { test: 'maxWorkers: 2', workers: 2 }],
      ['with two workers, as the command line says', { args: ['--maxWorkers=2'], workers: 2 }],
      ['with many workers', { test: 'maxWorkers: 9', workers: 9 }],
    ])('%s', async (_, { test: options = '', args = [], env = {}, workers }) => {
      await using project = await createProject(version, {
        ...twoBoards,
        'vitest.config.js': counting(options),
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
    await using project = await createProject(version, {
      ...twoBoards,
      'vitest.config.js': counting(`projects: [
        { extends: true, test: { name: 'boards', include: ['0*.test.js'] } },
        { extends: true, plugins: [{ name: 'own' }], test: { name: { label: 'units' }, include: ['t*.test.js', 'o*.test.js'] } },
        { extends: true, test: { name: 'one by one', include: ['f*.test.js', 's*.test.js'], fileParallelism: false } },
        { extends: true, test: { name: 'later', include: ['later.test.js'], maxWorkers: 3, sequence: { groupOrder: 1 } } },
      ]`),
      ...unitFiles,
      ...patientFiles,
      // What runs when all of these have run cannot be waited for.
      ...Object.fromEntries(['four', 'five', 'six'].map((name) => [`${name}.done`, ''])),
      'later.test.js': patientFile('later'),
    })
    const { code, output } = await project.vitest(['run'])
    expect(code, output).toBe(0)
    expect(output).toMatch(/Tests\s+14 passed/)
    const shared = usual + 4
    expect(workersIn(project.folder)).toEqual([{ boards: shared, units: shared, 'one by one': 1, later: 3 }])
  })

  test('files that need hardware run longest first, by how long they held it last time', async () => {
    const lengths = { a: 200, b: 600, c: 400, d: 1 }
    await using project = await createProject(version, {
      'one.yaml': boardYaml('one'),
      'vitest.config.js': config({ exporters: { one: 'one.yaml' } }, { maxWorkers: 1 }),
      'board.js': `import { needs } from 'vitest-hardware'
import { Board } from './board.mjs'
export const test = ${declaration('')}`,
      ...Object.fromEntries(
        Object.entries(lengths).map(([name, ms]) => [
          `${name}.test.js`,
          `import { test } from './board.js'
test('works', async ({ dut }) => {
  await dut.board.mark('${name}')
  await new Promise((resolve) => setTimeout(resolve, ${ms}))
})`,
        ]),
      ),
      'unit.test.js': `import { test } from 'vitest'
test('needs nothing', () => {})`,
    })
    const ran = async (...args: string[]) => {
      const before = project.journal().length
      const { code, output } = await project.vitest(['run', ...args])
      expect(code, output).toBe(0)
      return sessionsOf(project.journal().slice(before)).map(({ files }) => files.join())
    }
    expect((await ran()).toSorted((one, other) => one.localeCompare(other))).toEqual(['a', 'b', 'c', 'd'])
    expect(await ran()).toEqual(['b', 'c', 'a', 'd'])
    project.write('c.test.js', readFileSync(join(project.folder, 'c.test.js'), 'utf8').replace('400', '100'))
    expect(await ran('c.test.js')).toEqual(['c'])
    project.write('e.test.js', readFileSync(join(project.folder, 'd.test.js'), 'utf8').replace(`'d'`, `'e'`))
    expect(await ran(), 'what is new comes first').toEqual(['e', 'b', 'a', 'c', 'd'])
  })

  test('the order of a sequencer of the user is kept', async () => {
    const names = ['a', 'b', 'c', 'd', 'e']
    await using project = await createProject(version, {
      'one.yaml': boardYaml('one'),
      'vitest.config.js': `
import { defineConfig } from 'vitest/config'
import { hardware } from 'vitest-hardware/plugin'
class Backwards {
  shard(files) { return files.filter(({ moduleId }) => !moduleId.endsWith('a.test.js')) }
  sort(files) { return files.toSorted((one, other) => (one.moduleId < other.moduleId ? 1 : -1)) }
}
export default defineConfig({
  plugins: [hardware({ exporters: { one: 'one.yaml' } })],
  test: { maxWorkers: 1, sequence: { sequencer: Backwards } },
})`,
      ...Object.fromEntries(
        names.map((name) => [
          `${name}.test.js`,
          `${header}
const test = ${declaration('')}
test('works', async ({ dut }) => { await dut.board.mark('${name}') })`,
        ]),
      ),
    })
    const { code, output } = await project.vitest(['run', '--shard=1/2'])
    expect(code, output).toBe(0)
    expect(sessionsOf(project.journal()).map(({ files }) => files.join())).toEqual(['e', 'd', 'c', 'b'])
  })

  test('needs that cannot be met are told before any test has run', async () => {
    await using project = await createProject(version, {
      'uno.yaml': boardYaml('uno', { board: 'uno', rev: '2' }),
      'due.yaml': boardYaml('due', { board: 'due' }),
      'vitest.config.js': config({ exporters: { due: 'due.yaml', uno: 'uno.yaml' } }),
      'missing.test.ts': `${header}
const test: any = ${declaration('board=uno,rev=3')}
test('missing', async ({ dut }: any) => {})`,
      'pair.test.js': `${header}
const a = ${declaration('board=due')}
const b = ${declaration('board in (due)')}
a('one', async ({ dut }) => { await dut.board.mark('pair') })
b('two', async ({ dut }) => {})`,
      'helper.js': `${header}
export const test = ${declaration('board=esp32')}`,
      'helped.test.js': `import { test } from './helper.js'
test('helped', async ({ dut }) => {})`,
      'perhaps.test.js': `${header}
const test = process.env.ESP32 ? ${declaration('board=esp32')} : ${declaration('board=due')}
test('works', async ({ dut }) => { await dut.board.mark('perhaps') })`,
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
      `  helped.test.js: Role 'dut' needs an exporter with board=esp32, and this run has none. There are:\n${nearestEsp32}`,
      `  pair.test.js: No exporter is left for role 'dut': it needs an exporter with board in (due), and other roles of this file need due too`,
    ]) {
      expect(output).toContain(paragraph)
    }
    const firstResult = output.search(/[✓×] /)
    expect(output.indexOf('These needs cannot be met')).toBeLessThan(firstResult)
    expect(output.lastIndexOf('does not match', firstResult)).toBeGreaterThan(0)
    expect(output.split('These needs cannot be met')).toHaveLength(2)
    expect(output, 'the files themselves fail as before').toMatch(/Tests\s+3 failed \| 2 passed/)
  })

  test('where all needs can be met, or exporters have not told their labels, nothing is told', async () => {
    await using project = await createProject(version, {
      ...twoBoards,
      'vitest.config.js': config({ exporters }),
      ...unitFiles,
      '01.test.js': patientFile('01'),
      'broken.test.js': `import { needs } from 'vitest-hardware'\nneeds({ dut: `,
    })
    const { output } = await project.vitest(['run'])
    expect(output).not.toContain('These needs')
    expect(output).toMatch(/Tests\s+7 passed/)
    expect(output, 'what cannot be parsed is told by the run').toMatch(/FAIL\s+broken\.test\.js/)
  })

  test('in watch mode every run has the same number of workers', async () => {
    await using project = await createProject(version, {
      ...twoBoards,
      'vitest.config.js': counting(''),
      '01.test.js': patientFile('01'),
      ...Object.fromEntries(units.map((name) => [`${name}.done`, ''])),
    })
    const watch = project.start(['--watch'])
    const more = () => workersIn(project.folder).map((workers) => workers['']!)
    for (let runs = 1; runs <= 3; runs++) {
      await expect.poll(() => more().length, { timeout: 20_000 }).toBe(runs)
      appendFileSync(join(project.folder, '01.test.js'), '\n')
    }
    expect(new Set(more()).size).toBe(1)
    expect(more()[0]).toBe(Math.max(1, Math.floor(availableParallelism() / 2)) + 1)
    watch.kill('SIGTERM')
    await watch
  })
})

describe.each(Object.keys(vitestFolders) as VitestVersion[])('times, %s', (version) => {
  const files = {
    ...twoBoards,
    '01.test.js': patientFile('01'),
    'missing.test.js': `${header}
const test = ${declaration('board=esp32')}
test('missing', async ({ dut }) => {})`,
    'skipped.test.js': `${header}
const test = ${declaration('')}
test.skip('skipped', async ({ dut }) => {})`,
    ...unitFiles,
    ...Object.fromEntries(units.map((name) => [`${name}.done`, ''])),
  }
  const timesIn = (folder: string) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('lease-times.json'))

  test('are kept in the folder that Vitest keeps its own in', async () => {
    await using project = await createProject(version, { ...files, 'vitest.config.js': config({ exporters }) })
    await project.vitest(['run'])
    const [path = '', ...others] = timesIn(project.folder)
    expect(path).toMatch(/\.vite\/vitest\/.*vitest-hardware\/lease-times\.json$/)
    expect(others).toEqual([])
    const stored = () => JSON.parse(readFileSync(join(project.folder, path), 'utf8')) as unknown
    const first = stored()
    expect(first, 'what runs without a lease has none').toEqual({
      version: 1,
      files: { '01.test.js': expect.any(Number), 'missing.test.js': 0, 'skipped.test.js': 0 },
    })
    expect(first).not.toMatchObject({ files: { '01.test.js': 0 } })
    await project.vitest(['list'])
    await project.vitest(['run', '-t', 'nothing'])
    await project.vitest(['run', '-t', 'waits for the others'])
    expect(stored(), 'nothing is known from some tests of a file').toEqual(first)
  })

  test('are not kept by a run without a cache', async () => {
    const without = config({ exporters }, { cache: false })
    await using project = await createProject(version, { ...files, 'vitest.config.js': without })
    await project.vitest(['run'])
    expect(timesIn(project.folder)).toEqual([])
  })
})
