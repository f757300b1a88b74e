import { join } from 'node:path'
import { expect, test } from 'vitest'
import { execa } from 'execa'

import { processesWith } from '../support/faulty-run.ts'
import { boardYaml, config, createProject, projectFile, sessionsOf } from '../support/project.ts'

const one = { 'one.yaml': boardYaml('one', { board: 'uno' }) }
const works = { 'works.test.ts': projectFile('error-messages/works.test.ts') }

test('what is missing or wrong is said in the file that needs it, and other tests go on', async () => {
  await using project = await createProject(
    {
      ...one,
      'bad.yaml': `
apiVersion: jumpstarter.dev/v1alpha1
kind: ExporterConfig
metadata: { name: bad }
export:
  power: { typ: x }
  on: { type: "./nope.mjs#X" }
`,
      'broken.yaml': boardYaml('broken', { board: 'broken' }, { broken: true }),
      'stuck.yaml': boardYaml('stuck', { board: 'stuck' }, { stuck: true }),
      'vitest.config.js': config({
        exporters: {
          one: 'one.yaml',
          bad: 'bad.yaml',
          broken: 'broken.yaml',
          stuck: 'stuck.yaml',
          away: { host: '127.0.0.1:9' },
        },
      }),
    },
    'error-messages/mistakes',
  )
  const { code, output } = await project.vitest(['run'])
  expect(code).toBe(1)
  for (const message of [
    `The exporter of 'dut' does not have the drivers that the test declares:
  dut.power is a jumpstarter_driver_power.client.PowerClient, not a jumpstarter_driver_pyserial.client.PySerialClient
  dut.usb is not exported; dut has board, power, flasher
Declared:
  power: jumpstarter_driver_pyserial.client.PySerialClient
  usb:
    hub: jumpstarter_driver_power.client.PowerClient
  board: test.BoardClient
Exported:
  (root): jumpstarter_driver_composite.client.CompositeClient
    board: test.BoardClient
    power: jumpstarter_driver_power.client.PowerClient
    flasher: jumpstarter_driver_opendal.client.FlasherClient`,
    "Role 'dut' needs an exporter with board=esp32,usb, and this run has none. There are:",
    'exporter one: board=uno (does not match: board, usb)',
    'export (line 7) has the key on, which YAML 1.1 reads as a boolean; put it in quotes',
    "export.power.typ (line 6) an entry has 'type' (a driver), 'ref' or 'children'",
    'exporter away: Cannot connect to exporter away (127.0.0.1:9): connect ECONNREFUSED 127.0.0.1:9',
    "No exporter is left for role 'b': it needs an exporter with board=uno, and other roles of this file need one too",
    'Exporter broken could not be leased: no such device: /dev/ttyBOARD',
    'The hardware could not be cleaned up: exporter stuck: close of board (BoardDriver): relay stuck',
    "Invalid selector, expected ',' or the end at character 9:\nboard=a b\n        ^",
    "'task' cannot be the name of a role",
  ]) {
    expect(output).toContain(message)
  }
  // Four fifths of the limit of 500 ms, less the time that the test has had.
  expect(output).toMatch(/dut\.board\.hang: no answer within (400|3\d\d) ms from exporter one /)
  expect(output, 'the line of the test that waited').toMatch(/❯ (async )?hang\.test\.ts:7:\d+/)
  expect(output).toMatch(/Tests\s+5 failed \| 3 passed \(8\)/)
})

test('two needs() of a file are one request, so that opposite orders cannot block each other', async () => {
  const unoFirst = projectFile('error-messages/uno-first.test.ts')
  const dueFirst = projectFile('error-messages/due-first.test.ts')
  await using project = await createProject({
    'uno.yaml': boardYaml('uno', { board: 'uno' }),
    'due.yaml': boardYaml('due', { board: 'due' }),
    'vitest.config.js': config({ exporters: { uno: 'uno.yaml', due: 'due.yaml' } }, { maxWorkers: 4 }),
    '1.test.ts': unoFirst,
    '2.test.ts': dueFirst,
    '3.test.ts': unoFirst,
    '4.test.ts': dueFirst,
  })
  const { code, output } = await project.vitest(['run'])
  expect(code, output).toBe(0)
  expect(output).toMatch(/Tests\s+8 passed/)
})

test('an exporter that takes for ever to start holds up neither other boards nor the end of the run', async () => {
  await using project = await createProject({
    ...one,
    ...works,
    'slow.ts': projectFile('error-messages/slow.ts'),
    'slow.yaml': boardYaml('slow').replace('./board.ts', './slow.ts'),
    'vitest.config.js': config({ exporters: { slow: 'slow.yaml', one: 'one.yaml' } }),
  })
  const { code, output } = await project.vitest(['run'])
  expect(code, output).toBe(0)
  await expect.poll(() => processesWith(project.folder), { timeout: 20_000 }).toEqual([])
})

test('JUMPSTARTER_HOST is enough, and without it the cure is named', async () => {
  await using project = await createProject({
    ...one,
    ...works,
    'vitest.config.js': config({}),
  })
  const without = await project.vitest(['run'])
  expect(without.output).toContain(
    "The run has no exporters: name them in hardware({ exporters: … }), or run inside 'jmp shell'",
  )

  const cli = join(project.folder, 'node_modules/vitest-hardware/dist/cli/main.js')
  const exporter = execa(process.execPath, [cli, 'run', '--exporter-config', 'one.yaml'], {
    cwd: project.folder,
    reject: false,
  })
  const host = await firstLine(exporter.stdout)
  const { code, output } = await project.vitest(['run'], { JUMPSTARTER_HOST: host.replace('JUMPSTARTER_HOST=', '') })
  expect(code, output).toBe(0)
  exporter.kill('SIGINT')
  expect(await exporter).toMatchObject({ exitCode: 130 })
  expect(sessionsOf(project.journal())).toMatchObject([{ files: ['works'], end: expect.any(Number) }])
})

test('a run that is killed leaves no exporter behind, and its drivers are closed', async () => {
  await using project = await createProject({
    ...one,
    'vitest.config.js': config({ exporters: { one: 'one.yaml' } }),
    'keeps.test.ts': projectFile('error-messages/keeps.test.ts'),
  })
  const run = project.start(['run'])
  await expect.poll(() => project.journal().map(({ event }) => event), { timeout: 20_000 }).toContain('mark')
  run.kill('SIGKILL')
  await run
  await expect.poll(() => project.journal().map(({ event }) => event), { timeout: 20_000 }).toContain('end')
  await expect.poll(() => processesWith(project.folder), { timeout: 20_000 }).toEqual([])
})

test('needs() without the plugin says what to add', async () => {
  await using project = await createProject({ ...works, 'vitest.config.js': 'export default {}' })
  const { output } = await project.vitest(['run'])
  expect(output).toContain("needs() works only with the plugin: add hardware() from 'vitest-hardware/plugin'")
})

test('all mistakes in the options are said at once', async () => {
  await using project = await createProject({
    'vitest.config.js': config({ exporter: {}, exporters: { a: 3 }, leaseTimeoutMs: -1 }),
    'a.test.ts': '',
  })
  const { code, output } = await project.vitest(['run'])
  expect(code).toBe(1)
  expect(output).toContain(`Invalid options of hardware():
  leaseTimeoutMs is -1; it has to be a number of milliseconds from 1 to 86400000
  exporter is an unknown key; known keys: exporters, controller, leaseTimeoutMs, idleTimeoutMs, onMissing, retry, evidence, log, allow
  exporters.a is 3; it has to be the path of a file, or { host: 'HOST:PORT' }`)
})

async function firstLine(stream: AsyncIterable<unknown>): Promise<string> {
  let text = ''
  for await (const chunk of stream) {
    text += String(chunk)
    const end = text.indexOf('\n')
    if (end >= 0) return text.slice(0, end)
  }
  throw new Error(`no line, but ${JSON.stringify(text)}`)
}
