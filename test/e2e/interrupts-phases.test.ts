import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'

import { processesWith, startGroup } from '../support/faulty-run.ts'
import { boardYaml, config, createProject, inEveryVariant } from '../support/project.ts'

interface Phase {
  /** The test file; it writes a file `begun` where the journal does not say that the phase has begun. */
  readonly file: string
  /** The event of the journal that says so. */
  readonly begun?: string
  readonly resetMs?: number
  /** True if hooks of the file clean up. */
  readonly cleansUp: boolean
  readonly teardownTimeout?: number
}

const phases: Readonly<Record<string, Phase>> = {
  'a session that is opened': { file: 'open', begun: 'start', resetMs: 12_000, cleansUp: false },
  'a call of a hook before the tests': { file: 'before-all', begun: 'hang', cleansUp: true },
  'a device that is flashed': { file: 'flash', cleansUp: true },
  'a hook that cleans up': { file: 'after-each', cleansUp: true },
  'a worker that dies of it': { file: 'dies', begun: 'hang', cleansUp: false },
  'a test that lets nothing else run': { file: 'loops', cleansUp: false, teardownTimeout: 1_500 },
}

test.each(Object.entries(phases))('Ctrl-C ends %s', async (_name, phase) => {
  const { file, begun, resetMs = 0, cleansUp, teardownTimeout = 10_000 } = phase
  const files = {
    'one.yaml': boardYaml('one', {}, { resetMs }, ['board.relax']),
    'vitest.config.js': config({ exporters: { one: 'one.yaml' } }, { teardownTimeout }),
  }
  await using project = await createProject(files, 'interrupts-phases')
  const { run, signalGroup, leftovers } = startGroup(project, ['run', file])
  const events = () => project.journal().map(({ event, data }) => data ?? event)
  const hasBegun = () =>
    begun === undefined ? existsSync(join(project.folder, 'begun')) : events().some((event) => event === begun)
  await expect.poll(hasBegun, { timeout: 30_000 }).toBe(true)
  const begin = Date.now()
  signalGroup('SIGINT')
  const { exitCode, all } = await run
  const ms = Date.now() - begin
  console.log(`ended after ${ms} ms`)
  expect(exitCode, all).toBe(130)
  // Less than Vitest's teardownTimeout, so that nothing was waited for in vain.
  expect(ms, all).toBeLessThan(9_000)
  await expect.poll(events, { timeout: 10_000 }).toContain('end')
  expect(events().slice(cleansUp ? -3 : -2), all).toEqual([...(cleansUp ? ['afterAll'] : []), 'relax', 'end'])
  expect(events()).not.toContain('test')
  await expect.poll(() => processesWith(project.folder), { timeout: 10_000 }).toEqual([])
  await expect.poll(leftovers, { timeout: 10_000 }).toEqual([])
})

test('Ctrl-C ends a run that is only starting', async () => {
  const files = {
    'one.yaml': boardYaml('one', {}, {}, ['board.relax']),
    'vitest.config.js': `
import { defineConfig } from 'vitest/config'
import { hardware } from 'vitest-hardware/plugin'
import { writeFileSync } from 'node:fs'
export default defineConfig({
  plugins: [
    hardware({ exporters: { one: 'one.yaml' } }),
    { name: 'says-when', configureVitest() { writeFileSync('configured', '') } },
  ],
})`,
  }
  await using project = await createProject(files, 'interrupts-phases')
  for (const afterMs of [0, 100, 250, ...inEveryVariant(50, 150, 200, 300, 400)]) {
    const { run, signalGroup, leftovers } = startGroup(project, ['run', 'hangs'])
    const isConfigured = () => existsSync(join(project.folder, 'configured'))
    await expect.poll(isConfigured, { timeout: 30_000, interval: 5 }).toBe(true)
    await delay(afterMs)
    const begin = Date.now()
    signalGroup('SIGINT')
    const { exitCode, all } = await run
    expect(exitCode, all).toBe(130)
    expect(Date.now() - begin, all).toBeLessThan(9_000)
    await expect.poll(() => processesWith(project.folder), { timeout: 10_000 }).toEqual([])
    await expect.poll(leftovers, { timeout: 10_000, message: `${afterMs} ms: ${all}` }).toEqual([])
    project.remove('configured')
  }
})
