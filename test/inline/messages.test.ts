import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { execa } from 'execa'

import { processesWith } from '../support/faulty-run.ts'
import { boardYaml, config, createProject, sessionsOf, type VitestVersion, vitestFolders } from '../support/project.ts'

const header = `
import { needs, expect } from 'vitest-hardware'
import { setTimeout as delay } from 'node:timers/promises'
import { PowerClient, SerialClient } from 'vitest-hardware/clients'
import { Board } from './board.mjs'
`

const one = { 'one.yaml': boardYaml('one', { board: 'uno' }) }

describe.each(Object.keys(vitestFolders) as VitestVersion[])('%s', (version) => {
  test('what is missing or wrong is said in the file that needs it, and other tests go on', async () => {
    await using project = await createProject(version, {
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
      'mismatch.test.js': `${header}
const test = needs({ dut: { selector: 'board=uno', drivers: { power: SerialClient, usb: { hub: PowerClient }, board: Board } } })
test('mismatch', async ({ dut }) => {})`,
      'missing.test.js': `${header}
const test = needs({ dut: { selector: 'board=esp32,usb', drivers: { power: PowerClient } } })
const other = needs({ dut: { selector: 'board=uno', drivers: { power: PowerClient } } })
test('missing', async ({ dut }) => {})
other('has its own', async ({ dut }) => { await dut.power.on() })`,
      'twice.test.js': `${header}
const test = needs({
  a: { selector: 'board=uno', drivers: { power: PowerClient } },
  b: { selector: 'board=uno', drivers: { power: PowerClient } },
})
test('only one of two', async ({ a }) => { await a.power.on() })
test('the other', async ({ b }) => {})`,
      'broken.test.js': `${header}
const test = needs({ dut: { selector: 'board=broken', drivers: { power: PowerClient } } })
test('broken', async ({ dut }) => {})`,
      'stuck.test.js': `${header}
const test = needs({ dut: { selector: 'board=stuck', drivers: { power: PowerClient } } })
test('stuck', async ({ dut }) => {})`,
      'selector.test.js': `${header}
needs({ dut: { selector: 'board=a b', drivers: { power: PowerClient } } })`,
      'reserved.test.js': `${header}
needs({ task: { drivers: {} } })`,
      'hang.test.js': `${header}
const test = needs({ dut: { selector: 'board=uno', drivers: { board: Board } } })
test('hang', async ({ dut }) => {
  await dut.board.hang()
}, 500)`,
    })
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
      'board.hang: no answer within 400 ms',
    ]) {
      expect(output).toContain(message)
    }
    expect(output, 'the line of the test that waited').toMatch(/❯ (async )?hang\.test\.js:9:\d+/)
    expect(output).toMatch(/Tests\s+5 failed \| 3 passed \(8\)/)
  })

  test('two needs() of a file are one request, so that opposite orders cannot block each other', async () => {
    const file = (first: string, second: string) => `${header}
const a = needs({ dut: { selector: 'board=${first}', drivers: { board: Board } } })
const b = needs({ dut: { selector: 'board=${second}', drivers: { board: Board } } })
a('on the first', async ({ dut }) => { await dut.board.mark('${first}${second}'); await delay(100) })
b('on the second', async ({ dut }) => { await dut.board.mark('${first}${second}') })`
    await using project = await createProject(version, {
      'uno.yaml': boardYaml('uno', { board: 'uno' }),
      'due.yaml': boardYaml('due', { board: 'due' }),
      'vitest.config.js': config({ exporters: { uno: 'uno.yaml', due: 'due.yaml' } }, { maxWorkers: 4 }),
      ...Object.fromEntries([1, 2, 3, 4].map((n) => [`${n}.test.js`, n % 2 ? file('uno', 'due') : file('due', 'uno')])),
    })
    const { code, output } = await project.vitest(['run'])
    expect(code, output).toBe(0)
    expect(output).toMatch(/Tests\s+8 passed/)
  })

  test('an exporter that takes for ever to start holds up neither other boards nor the end of the run', async () => {
    await using project = await createProject(version, {
      ...one,
      'slow.mjs': `await new Promise((resolve) => setTimeout(resolve, 600_000))`,
      'slow.yaml': boardYaml('slow').replace('./board.mjs', './slow.mjs'),
      'vitest.config.js': config({ exporters: { slow: 'slow.yaml', one: 'one.yaml' } }),
      'a.test.js': `${header}
const test = needs({ dut: { selector: 'board=uno', drivers: { board: Board } } })
test('works', async ({ dut }) => { await dut.board.mark('a') })`,
    })
    const { code, output } = await project.vitest(['run'])
    expect(code, output).toBe(0)
    await expect.poll(() => processesWith(project.folder), { timeout: 20_000 }).toEqual([])
  })

  test('JUMPSTARTER_HOST is enough, and without it the cure is named', async () => {
    await using project = await createProject(version, {
      ...one,
      'vitest.config.js': config({}),
      'a.test.js': `${header}
const test = needs({ dut: { selector: 'board=uno', drivers: { board: Board, power: PowerClient } } })
test.beforeAll(async ({ dut }) => { await dut.power.on() })
test('uses what runs already', async ({ dut }) => { await dut.board.mark('a') })`,
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
    expect(sessionsOf(project.journal())).toMatchObject([{ files: ['a'], end: expect.any(Number) }])
  })

  test('a run that is killed leaves no exporter behind, and its drivers are closed', async () => {
    await using project = await createProject(version, {
      ...one,
      'vitest.config.js': config({ exporters: { one: 'one.yaml' } }),
      'a.test.js': `${header}
const test = needs({ dut: { drivers: { board: Board } } })
test('works', async ({ dut }) => { await dut.board.mark('a'); await delay(20_000) }, 30_000)`,
    })
    const run = project.start(['run'])
    await expect.poll(() => project.journal().map(({ event }) => event), { timeout: 20_000 }).toContain('mark')
    run.kill('SIGKILL')
    await run
    await expect.poll(() => project.journal().map(({ event }) => event), { timeout: 20_000 }).toContain('end')
    await expect.poll(() => processesWith(project.folder), { timeout: 20_000 }).toEqual([])
  })
})

test('needs() without the plugin says what to add', async () => {
  await using project = await createProject('Vitest 5', {
    'vitest.config.js': 'export default {}',
    'a.test.js': `${header}\nneeds({ dut: { drivers: { power: PowerClient } } })`,
  })
  const { output } = await project.vitest(['run'])
  expect(output).toContain("needs() works only with the plugin: add hardware() from 'vitest-hardware/plugin'")
})

test('all mistakes in the options are said at once', async () => {
  await using project = await createProject('Vitest 5', {
    'vitest.config.js': config({ exporter: {}, exporters: { a: 3 }, leaseTimeoutMs: -1 }),
    'a.test.js': '',
  })
  const { code, output } = await project.vitest(['run'])
  expect(code).toBe(1)
  expect(output).toContain(`Invalid options of hardware():
  'exporter' is not an option; there are exporters, controller, leaseTimeoutMs, idleTimeoutMs, onMissing, retry, allow
  exporters.a is neither the path of a file nor { host: 'HOST:PORT' }
  leaseTimeoutMs is -1; it has to be a number of milliseconds`)
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
