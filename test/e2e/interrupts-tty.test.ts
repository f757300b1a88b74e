import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

import { processesWith } from '../support/faulty-run.ts'
import { boardYaml, config, createProject, sessionsOf } from '../support/project.ts'
import { startOnPty } from '../support/shell-on-pty.ts'

const ctrlC = '\x03'

async function startOnTerminal(args: string, test: object = {}, env: Readonly<Record<string, string>> = {}) {
  const files = {
    'one.yaml': boardYaml('one', {}, {}, ['board.relax']),
    'vitest.config.js': config({ exporters: { one: 'one.yaml' } }, test),
  }
  const project = await createProject(files, 'interrupts')
  const temporary = join(project.folder, 'tmp')
  mkdirSync(temporary)
  const own = Object.entries(process.env).filter(([name]) => !/^VITEST|^JMP_|^JUMPSTARTER|^CI$/.test(name))
  const pty = startOnPty(`sh vitest.sh ${args}`, {
    cwd: project.folder,
    env: {
      ...Object.fromEntries(own),
      NODE: process.execPath,
      NO_COLOR: '1',
      TERM: 'dumb',
      TMPDIR: temporary,
      ...env,
    },
  })
  const exitFile = join(project.folder, 'exit-code')
  const events = () => project.journal().map(({ event, data }) => data ?? event)
  return {
    ...pty,
    project,
    events,
    /** Waits until something has happened so many times. */
    async happens(event: string, times = 1) {
      const count = () => events().filter((one) => one === event).length
      await expect.poll(count, { timeout: 30_000 }).toBeGreaterThanOrEqual(times)
    },
    /** Waits until Vitest has ended. @returns the exit code */
    async ends() {
      const code = () => (existsSync(exitFile) ? readFileSync(exitFile, 'utf8').trim() : '')
      await expect.poll(code, { timeout: 30_000 }).not.toBe('')
      await this.leavesNothing()
      return Number(code())
    },
    /** Waits until the board is safe, and Vitest has gone with all that it has made. */
    async leavesNothing() {
      await expect.poll(() => events().slice(-2), { timeout: 10_000 }).toEqual(['relax', 'end'])
      await expect.poll(() => processesWith(project.folder), { timeout: 10_000 }).toEqual([])
      expect(readdirSync(temporary).filter((name) => name.startsWith('vitest-hardware'))).toEqual([])
    },
    async [Symbol.asyncDispose]() {
      await pty[Symbol.asyncDispose]()
      for (const { pid } of processesWith(project.folder)) process.kill(pid, 'SIGKILL')
      await project[Symbol.asyncDispose]()
    },
  }
}

test.each(['forks', 'threads'])('Ctrl-C ends a run in order, in %s', async (pool) => {
  await using vitest = await startOnTerminal('run hangs', { pool })
  await vitest.happens('hang')
  await vitest.console.send(ctrlC)
  await vitest.console.expect('SIGINT: tests are cancelled and boards left safe')
  await vitest.console.expect(/Tests +1 skipped/)
  expect(await vitest.ends()).toBe(130)
  expect(vitest.events()).toContain('cleaned')
})

test('a second Ctrl-C ends a run at once', async () => {
  await using vitest = await startOnTerminal('run hangs', {}, { STUCK: '1' })
  await vitest.happens('hang')
  await vitest.console.send(ctrlC)
  await vitest.happens('cleaned')
  const begin = Date.now()
  await vitest.console.send(ctrlC)
  expect(await vitest.ends()).toBe(130)
  expect(Date.now() - begin).toBeLessThan(9_000)
})

test('a run ends in order when its terminal is closed', async () => {
  await using vitest = await startOnTerminal('run hangs')
  await vitest.happens('hang')
  vitest.hangUp()
  await vitest.leavesNothing()
  expect(vitest.events()).toContain('cleaned')
})

test('a watch has the board again when a file, or its configuration, was edited, and q ends it', async () => {
  await using vitest = await startOnTerminal('--watch passes')
  for (const [times, file] of ['passes.test.ts', 'vitest.config.js', undefined].entries()) {
    await vitest.happens('passes', times + 1)
    await vitest.console.expect(/Waiting for file changes/)
    if (file !== undefined) appendFileSync(join(vitest.project.folder, file), '\n')
  }
  await vitest.console.send('q')
  expect(await vitest.ends()).toBe(0)
  const sessions = sessionsOf(vitest.project.journal())
  expect(sessions).toHaveLength(3)
  for (const [index, { start }] of sessions.entries()) {
    expect(start, 'one after the other').toBeGreaterThanOrEqual(sessions[index - 1]?.end ?? 0)
  }
  const processes = vitest.project.journal().map(({ session }) => session.split('.')[0])
  expect(new Set(processes).size, 'a new exporter after the restart, and only then').toBe(2)
})

test('Ctrl-C ends a watch in order, also after a restart', async () => {
  await using vitest = await startOnTerminal('--watch hangs')
  await vitest.happens('hang')
  await vitest.console.send('c')
  await vitest.console.expect('CANCELLED')
  appendFileSync(join(vitest.project.folder, 'vitest.config.js'), '\n')
  await vitest.happens('hang', 2)
  await vitest.console.send(ctrlC)
  expect(await vitest.ends()).toBe(130)
  expect(vitest.events().filter((event) => event === 'cleaned')).toHaveLength(2)
})

test('q cancels the tests of a watch, and then ends it', async () => {
  await using vitest = await startOnTerminal('--watch hangs')
  await vitest.happens('hang')
  await vitest.console.send('q')
  await vitest.console.expect('CANCELLED')
  await vitest.happens('cleaned')
  await vitest.console.send('q')
  expect(await vitest.ends()).toBe(1)
})

test.each([
  { name: 'ends in time', teardownTimeout: 1_500, again: false },
  { name: 'ends at once at a second Ctrl-C', teardownTimeout: 30_000, again: true },
])('a watch whose clean-up hangs $name', async ({ teardownTimeout, again }) => {
  await using vitest = await startOnTerminal('--watch hangs', { teardownTimeout }, { STUCK: '1' })
  await vitest.happens('hang')
  await vitest.console.send(ctrlC)
  await vitest.happens('cleaned')
  const begin = Date.now()
  if (again) await vitest.console.send(ctrlC)
  expect(await vitest.ends()).toBe(130)
  expect(Date.now() - begin).toBeLessThan(12_000)
})

test('SIGTERM ends a watch in order that has restarted', async () => {
  await using vitest = await startOnTerminal('--watch passes')
  await vitest.console.expect(/Waiting for file changes/)
  appendFileSync(join(vitest.project.folder, 'vitest.config.js'), '\n')
  await vitest.happens('passes', 2)
  await vitest.console.expect(/Waiting for file changes/)
  const pids = processesWith(vitest.project.folder)
    .filter(({ command }) => command.includes(' node_modules/vitest/vitest.mjs '))
    .map(({ pid }) => pid)
  expect(pids).toHaveLength(1)
  for (const pid of pids) process.kill(pid, 'SIGTERM')
  await vitest.console.expect('SIGTERM: tests are cancelled')
  expect(await vitest.ends()).toBe(143)
})
