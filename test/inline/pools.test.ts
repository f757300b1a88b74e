import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

import { boardYaml, config, createProject, sessionsOf, type VitestVersion, vitestFolders } from '../support/project.ts'

const imports = `
import { needs } from 'vitest-hardware'
import { Board } from './board.mjs'
`
const declaration = `needs({ dut: { selector: 'board=uno', drivers: { board: Board } } })`

/** Three files that share a helper, as projects with one kind of board have it. */
const files = {
  'one.yaml': boardYaml('one', { board: 'uno' }),
  'hardware.js': `${imports}export const test = ${declaration}`,
  ...Object.fromEntries(
    ['a', 'b', 'c'].map((name) => [
      `${name}.test.js`,
      `import { test } from './hardware.js'
let runs = 0
test('first', async ({ dut }) => {
  await dut.board.mark('${name}')
  if (process.env.FAIL_ONCE && runs++ === 0) throw new Error('once')
})
test('second', async ({ dut }) => { await dut.board.mark('${name}') })`,
    ]),
  ),
}

describe.each(Object.keys(vitestFolders) as VitestVersion[])('%s', (version) => {
  test.each([
    { isolate: false, maxWorkers: 1 },
    { isolate: false, pool: 'threads', maxWorkers: 2 },
    { pool: 'vmThreads' },
    { pool: 'vmForks' },
    { retry: 1 },
    { sequence: { concurrent: true } },
  ])('each file has the board for itself with %j', async (options) => {
    await using project = await createProject(version, {
      ...files,
      'vitest.config.js': config({ exporters: { one: 'one.yaml' } }, options),
    })
    const { code, output } = await project.vitest(['run'], 'retry' in options ? { FAIL_ONCE: '1' } : {})
    expect(code, output).toBe(0)
    expect(output).toMatch(/Tests\s+6 passed/)
    const users = sessionsOf(project.journal()).map((session) => session.files.join())
    expect(users.toSorted((one, other) => one.localeCompare(other))).toEqual(['a', 'b', 'c'])
  })

  test('projects share an exporter', async () => {
    await using project = await createProject(version, {
      ...files,
      'vitest.config.js': `
import { defineConfig } from 'vitest/config'
import { hardware } from 'vitest-hardware/plugin'
export default defineConfig({
  plugins: [hardware({ exporters: { one: 'one.yaml' } })],
  test: {
    projects: [
      { extends: true, test: { name: 'first', include: ['a.test.js', 'b.test.js'] } },
      { extends: true, test: { name: 'second', include: ['c.test.js'] } },
    ],
  },
})`,
    })
    const { code, output } = await project.vitest(['run'])
    expect(code, output).toBe(0)
    const processes = new Set(project.journal().map(({ session }) => session.split('.')[0]))
    expect(processes.size, 'one process of the exporter').toBe(1)
    expect(sessionsOf(project.journal())).toHaveLength(3)
  })
})

test('a file that is edited in watch mode leases its board again', async () => {
  await using project = await createProject('Vitest 5', {
    ...files,
    'vitest.config.js': config({ exporters: { one: 'one.yaml' } }, { isolate: false, pool: 'threads', maxWorkers: 1 }),
  })
  const watch = project.start(['--watch', 'a.test.js'])
  const marks = () => project.journal().filter(({ event }) => event === 'mark').length
  await expect.poll(marks, { timeout: 20_000 }).toBe(2)
  await expect.poll(() => project.journal().at(-1)?.event, { timeout: 20_000 }).toBe('end')
  appendFileSync(join(project.folder, 'a.test.js'), '\n')
  await expect.poll(marks, { timeout: 20_000 }).toBe(4)
  watch.kill('SIGTERM')
  await watch
})
