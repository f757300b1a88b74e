import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'

import { processesWith, startGroup } from '../support/faulty-run.ts'
import { boardYaml, config, createProject, type VitestVersion, vitestFolders } from '../support/project.ts'

const header = `
import { needs } from 'vitest-hardware'
import { FlasherClient } from 'vitest-hardware/clients'
import { writeFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { Board } from './board.mjs'
const test = needs({ dut: { drivers: { board: Board, flasher: FlasherClient } } })
test.afterAll(async ({ dut }) => { await dut.board.mark('afterAll') })
`

interface Phase {
  /** The test file; it writes a file `begun` where the journal does not say that the phase has begun. */
  readonly file: string
  /** The event of the journal that says so. */
  readonly begun?: string
  readonly resetMs?: number
  /** Whether hooks of the file clean up. */
  readonly cleansUp: boolean
  readonly teardownTimeout?: number
}

const phases: Readonly<Record<string, Phase>> = {
  'a session that is opened': {
    file: `${header}
test('has it', async ({ dut }) => { await dut.board.mark('test') })`,
    begun: 'start',
    resetMs: 12_000,
    cleansUp: false,
  },
  'a call of a hook before the tests': {
    file: `${header}
test.beforeAll(async ({ dut }) => { await dut.board.hang() }, 60_000)
test('has it', async ({ dut }) => { await dut.board.mark('test') })`,
    begun: 'hang',
    cleansUp: true,
  },
  'a device that is flashed': {
    file: `${header}
test('flashes', async ({ dut }) => {
  const image = async function* () {
    for (let n = 0; ; n++) {
      yield Buffer.alloc(65536)
      if (n === 20) writeFileSync('begun', '')
      await delay(5)
    }
  }
  await dut.flasher.flash(Readable.from(image()))
  await dut.board.mark('test')
}, 60_000)`,
    cleansUp: true,
  },
  'a hook that cleans up': {
    file: `${header}
test.afterEach(async ({ dut }) => {
  writeFileSync('begun', '')
  await delay(1000)
  await dut.board.mark('afterEach')
})
test('passes', async () => {})
test('is not run', async ({ dut }) => { await dut.board.mark('test') })`,
    cleansUp: true,
  },
  'a worker that dies of it': {
    file: `${header}
test('dies', async ({ dut, signal }) => {
  signal.addEventListener('abort', () => process.kill(process.pid, 'SIGKILL'))
  await dut.board.hang()
}, 60_000)`,
    begun: 'hang',
    cleansUp: false,
  },
  'a test that lets nothing else run': {
    file: `${header}
test('loops', async ({ dut }) => {
  writeFileSync('begun', '')
  for (;;);
}, 60_000)`,
    cleansUp: false,
    teardownTimeout: 1_500,
  },
}

describe.each(Object.keys(vitestFolders) as VitestVersion[])('%s', (version) => {
  test.each(Object.entries(phases))('Ctrl-C ends %s', async (_name, phase) => {
    const { file, begun, resetMs = 0, cleansUp, teardownTimeout = 10_000 } = phase
    await using project = await createProject(version, {
      'one.yaml': boardYaml('one', {}, { resetMs }, ['board.relax']),
      'phase.test.js': file,
      'vitest.config.js': config({ exporters: { one: 'one.yaml' } }, { teardownTimeout }),
    })
    const { run, signalGroup, leftovers } = startGroup(project, ['run'])
    const events = () => project.journal().map(({ event, data }) => data ?? event)
    const hasBegun = () =>
      begun === undefined ? existsSync(join(project.folder, 'begun')) : events().some((event) => event === begun)
    await expect.poll(hasBegun, { timeout: 30_000 }).toBe(true)
    const begin = Date.now()
    signalGroup('SIGINT')
    const { exitCode, all } = await run
    const ms = Date.now() - begin
    console.log(`${version}: ended after ${ms} ms`)
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
    await using project = await createProject(version, {
      'one.yaml': boardYaml('one', {}, {}, ['board.relax']),
      'a.test.js': `${header}
test('hangs', async ({ dut }) => { await dut.board.hang() }, 60_000)`,
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
    })
    for (const afterMs of [0, 50, 100, 150, 200, 250, 300, 400]) {
      const { run, signalGroup, leftovers } = startGroup(project, ['run'])
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
})
