import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

import { boardYaml, config, createProject, sessionsOf } from '../support/project.ts'

/** Creates a project of three files that share a helper, as projects with one kind of board have it. */
const createPool = (vitestConfig: string) =>
  createProject({ 'one.yaml': boardYaml('one', { board: 'uno' }), 'vitest.config.js': vitestConfig }, 'vitest-pools')

test.each([
  { isolate: false, maxWorkers: 1 },
  { isolate: false, pool: 'threads', maxWorkers: 2 },
  { pool: 'vmThreads' },
  { pool: 'vmForks' },
  { retry: 1 },
  { sequence: { concurrent: true } },
])('each file has the board for itself with %j', async (options) => {
  await using project = await createPool(config({ exporters: { one: 'one.yaml' } }, options))
  const { code, output } = await project.vitest(['run'], 'retry' in options ? { FAIL_ONCE: '1' } : {})
  expect(code, output).toBe(0)
  expect(output).toMatch(/Tests\s+6 passed/)
  const users = sessionsOf(project.journal()).map((session) => session.files.join())
  expect(users.toSorted((one, other) => one.localeCompare(other))).toEqual(['a', 'b', 'c'])
})

test('projects share an exporter', async () => {
  await using project = await createPool(`
import { defineConfig } from 'vitest/config'
import { hardware } from 'vitest-hardware/plugin'
export default defineConfig({
  plugins: [hardware({ exporters: { one: 'one.yaml' } })],
  test: {
    projects: [
      { extends: true, test: { name: 'first', include: ['a.test.ts', 'b.test.ts'] } },
      { extends: true, test: { name: 'second', include: ['c.test.ts'] } },
    ],
  },
})`)
  const { code, output } = await project.vitest(['run'])
  expect(code, output).toBe(0)
  const processes = new Set(project.journal().map(({ session }) => session.split('.')[0]))
  expect(processes.size, 'one process of the exporter').toBe(1)
  expect(sessionsOf(project.journal())).toHaveLength(3)
})

test('a file that is edited in watch mode leases its board again', async () => {
  await using project = await createPool(
    config({ exporters: { one: 'one.yaml' } }, { isolate: false, pool: 'threads', maxWorkers: 1 }),
  )
  const watch = project.start(['--watch', 'a.test.ts'])
  const marks = () => project.journal().filter(({ event }) => event === 'mark').length
  await expect.poll(marks, { timeout: 20_000 }).toBe(2)
  await expect.poll(() => project.journal().at(-1)?.event, { timeout: 20_000 }).toBe('end')
  appendFileSync(join(project.folder, 'a.test.ts'), '\n')
  await expect.poll(marks, { timeout: 20_000 }).toBe(4)
  watch.kill('SIGTERM')
  await watch
})
