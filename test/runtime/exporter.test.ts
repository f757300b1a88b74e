import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import { driverTypes } from '../../src/drivers/types.ts'
import { connect, Driver } from '../../src/index.ts'
import { Power } from '../../src/interfaces/index.ts'
import { createPrivateFolder, type PrivateFolder } from '../../src/base/private-folder.ts'
import { defineExporter, isExporterDefinition } from '../../src/runtime/define-exporter.ts'
import { type Exporter, loadExporter } from '../../src/runtime/exporter.ts'
import { openSession } from '../../src/runtime/open-session.ts'
import { MockThermostat } from '../support/thermostat.ts'

const source = (file: string) => JSON.stringify(fileURLToPath(new URL(`../../src/${file}`, import.meta.url)))
const load = (file: string) => loadExporter(file, driverTypes)

describe('loading', () => {
  let folder: string

  beforeAll(async () => {
    const cache = fileURLToPath(new URL('../../.cache/', import.meta.url))
    mkdirSync(cache, { recursive: true })
    folder = await mkdtemp(join(cache, 'exporter-'))
    const files = {
      'package.json': '{ "type": "module" }',
      'lab.yaml': `
apiVersion: jumpstarter.dev/v1alpha1
kind: ExporterConfig
metadata: { name: lab }
labels: { board: virt }
safe: [power.off]
export: { power: { type: jumpstarter_driver_power.driver.MockPower }, relay: { type: "./relay.ts#Relay" } }
`,
      'relay.ts': `
import { Driver } from ${source('index.ts')}
export class Relay extends Driver {
  static readonly interface = { client: 'test.Relay', methods: {} }
}
`,
      'desk.ts': `
import { defineExporter } from ${source('runtime/index.ts')}
import { Relay } from './relay.ts'
export default defineExporter({ name: 'desk', labels: { board: 'uno' }, export: () => ({ relay: new Relay() }) })
`,
      'plain.ts': `export default { name: 'desk', labels: {}, createRoot: () => undefined }`,
      'none.mjs': 'export const exporter = 1',
      'throws.mjs': `throw new Error('no such port')`,
      'lab.json': '{}',
      'broken.yml': 'kind: ExporterConfig',
    }
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), content)
    }
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  test('YAML, with drivers of this package and of a module next to the file', async () => {
    const exporter = await load(join(folder, 'lab.yaml'))
    expect(exporter).toMatchObject({
      name: 'lab',
      labels: { board: 'virt' },
      warnings: [],
      safe: ['power.off'],
    })
    const names = Object.entries(exporter.createRoot().children).map(([name, child]) => [name, child.constructor.name])
    expect(names).toEqual([
      ['power', 'MockPower'],
      ['relay', 'Relay'],
    ])
  })

  test('a module that calls defineExporter()', async () => {
    const exporter = await load(join(folder, 'desk.ts'))
    expect(exporter).toMatchObject({ name: 'desk', labels: { board: 'uno' }, warnings: [] })
    const [first, second] = [exporter.createRoot(), exporter.createRoot()]
    expect(first.children['relay']?.constructor.name).toBe('Relay')
    expect(first.children['relay']).not.toBe(second.children['relay'])
    await using open = await openSession(exporter)
    const connection = await connect(open.address)
    expect(Object.keys(connection.root.children)).toEqual(['relay'])
    connection.close()
  })

  test.each([
    ['plain.ts', 'plain.ts has no default export made by defineExporter()'],
    ['none.mjs', 'none.mjs has no default export made by defineExporter()'],
    ['throws.mjs', 'throws.mjs: no such port'],
    ['missing.ts', 'missing.ts: '],
    ['missing.yaml', 'missing.yaml: ENOENT'],
    ['lab.json', 'lab.json is neither a YAML file nor a .ts or .js module'],
    ['.', 'is neither a YAML file nor a .ts or .js module'],
    ['broken.yml', 'apiVersion is missing'],
  ])('%s is refused', async (file, message) => {
    await expect(load(join(folder, file))).rejects.toMatchObject({
      code: 'EXPORTER_CONFIG_INVALID',
      message: expect.stringContaining(message),
    })
  })
})

test('defineExporter() marks its result, also for another copy of this package', () => {
  const definition = defineExporter({ name: 'desk', export: () => ({ power: new MockThermostat() }) })
  expect(definition).toMatchObject({ name: 'desk', labels: {} })
  expect(isExporterDefinition(definition)).toBe(true)
  expect(isExporterDefinition({ ...definition })).toBe(false)
  expect(isExporterDefinition({ [Symbol.for('vitest-hardware.exporter')]: true })).toBe(true)
  for (const value of [undefined, null, 'desk', () => definition]) expect(isExporterDefinition(value)).toBe(false)
})

describe('sessions', () => {
  /** An exporter and every driver that it has made. */
  function thermostats(): Exporter & { made: MockThermostat[] } {
    const made: MockThermostat[] = []
    const definition = defineExporter({
      name: 'desk',
      labels: { board: 'uno' },
      export: () => {
        made.push(new MockThermostat())
        return { thermostat: made.at(-1)! }
      },
    })
    return { ...definition, warnings: [], made }
  }

  test('have new drivers, which are reset at the start and closed at the end', async () => {
    const exporter = thermostats()
    for (const round of [0, 1]) {
      await using open = await openSession(exporter)
      const connection = await connect(open.address)
      expect(connection.report.labels).toEqual({ board: 'uno', 'jumpstarter.dev/name': 'desk' })
      expect(await connection.root.children['thermostat']?.call('target')).toBe(20)
      await connection.root.children['thermostat']?.call('set_target', 25)
      expect(exporter.made).toHaveLength(round + 1)
      expect(exporter.made[round]?.events).toEqual(['reset'])
      connection.close()
    }
    expect(exporter.made.map(({ events }) => events)).toEqual([
      ['reset', 'close'],
      ['reset', 'close'],
    ])
  })

  test('listen on a private socket, which is gone at the end', async () => {
    const open = await openSession(thermostats())
    expect(existsSync(open.address)).toBe(true)
    const connection = await connect(open.address)
    await open.close()
    expect(existsSync(dirname(open.address))).toBe(false)
    expect(open.session.state.status).toBe('OFFLINE')
    await expect(connection.root.children['thermostat']?.call('target')).rejects.toMatchObject({
      name: 'HardwareError',
    })
    connection.close()
    await expect(connect(open.address)).rejects.toMatchObject({ code: 'CONNECTION_FAILED' })
  })

  test('may be closed again, and while they close', async () => {
    const exporter = thermostats()
    const open = await openSession(exporter)
    await Promise.all([open.close(), open.close()])
    await open.close()
    await open[Symbol.asyncDispose]()
    expect(exporter.made[0]?.events).toEqual(['reset', 'close'])
  })

  test('listen on the given address', async () => {
    await using open = await openSession(thermostats(), { address: { kind: 'tcp', host: '127.0.0.1', port: 0 } })
    expect(open.address).toMatch(/^127\.0\.0\.1:\d+$/)
    const connection = await connect(open.address, { insecure: true })
    expect(connection.report.drivers).toHaveLength(2)
    connection.close()
  })

  describe('on a socket that is there already', () => {
    let folder: PrivateFolder
    let path: string
    beforeEach(async () => {
      folder = await createPrivateFolder()
      path = join(folder.path, 'desk.sock')
    })
    afterEach(() => folder.remove())

    test('take the place of an exporter that was killed', async () => {
      const listen = `require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`
      spawnSync(process.execPath, ['-e', listen, path])
      expect(existsSync(path)).toBe(true)
      await using open = await openSession(thermostats(), { address: { kind: 'unix', path } })
      const connection = await connect(path)
      expect(connection.report.drivers).toHaveLength(2)
      connection.close()
      await open.close()
      expect(existsSync(path)).toBe(false)
    })

    test('leave a socket alone on which a process listens', async () => {
      await using first = await openSession(thermostats(), { address: { kind: 'unix', path } })
      await expect(openSession(thermostats(), { address: { kind: 'unix', path } })).rejects.toMatchObject({
        code: 'EXPORTER_FAILED',
        message: expect.stringContaining('EADDRINUSE'),
      })
      const connection = await connect(first.address)
      connection.close()
    })

    test('leave a file alone that is no socket', async () => {
      writeFileSync(path, 'precious')
      await expect(openSession(thermostats(), { address: { kind: 'unix', path } })).rejects.toMatchObject({
        code: 'EXPORTER_FAILED',
      })
      expect(readFileSync(path, 'utf8')).toBe('precious')
    })
  })

  class Failing extends Driver {
    static readonly interface = Power
    readonly events: string[]
    readonly when: 'reset' | 'close'
    constructor(when: 'reset' | 'close', events: string[]) {
      super()
      this.when = when
      this.events = events
    }
    override reset() {
      this.events.push('reset')
      if (this.when === 'reset') throw new Error('no such device')
    }
    override close() {
      this.events.push('close')
      if (this.when === 'close') throw new Error('relay stuck')
    }
  }

  /** An exporter whose driver `bad` fails, and that writes down what happens to its drivers. */
  function failing(when: 'reset' | 'close') {
    const events: string[] = []
    const good = new MockThermostat()
    const definition = defineExporter({ name: 'desk', export: () => ({ good, bad: new Failing(when, events) }) })
    return { exporter: { ...definition, warnings: [] }, events, good }
  }

  test('close everything when they cannot start', async () => {
    const { exporter, events, good } = failing('reset')
    await expect(openSession(exporter)).rejects.toThrow('no such device')
    expect(events).toEqual(['reset', 'close'])
    expect(good.events).toEqual(['reset', 'close'])
  })

  test('close everything when they cannot listen on the address', async () => {
    const exporter = thermostats()
    await using other = await openSession(thermostats(), { address: { kind: 'tcp', host: '127.0.0.1', port: 0 } })
    const port = Number(other.address.split(':')[1])
    await expect(openSession(exporter, { address: { kind: 'tcp', host: '127.0.0.1', port } })).rejects.toMatchObject({
      code: 'EXPORTER_FAILED',
      message: expect.stringContaining(`Cannot listen on 127.0.0.1:${port}`),
    })
    expect(exporter.made[0]?.events).toEqual(['reset', 'close'])
  })

  test('close everything when a driver fails to close, and report the failure', async () => {
    const { exporter, good } = failing('close')
    const open = await openSession(exporter)
    await expect(open.close()).rejects.toThrow('close of bad (Failing): relay stuck')
    await expect(open.close()).rejects.toThrow('relay stuck')
    expect(good.events).toEqual(['reset', 'close'])
    expect(existsSync(dirname(open.address))).toBe(false)
  })

  test('need a tree', async () => {
    const definition = defineExporter({
      name: 'desk',
      export: () => {
        throw new RangeError('no pin 99')
      },
    })
    await expect(openSession({ ...definition, warnings: [] })).rejects.toThrow('no pin 99')
  })
})
