import { mkdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'

import { ShellClient } from '../../src/clients/index.ts'
import { MockPower, type ShellDriver } from '../../src/drivers/index.ts'
import { driverTypes } from '../../src/drivers/types.ts'
import { Driver, serve } from '../../src/index.ts'
import { Power } from '../../src/interfaces/index.ts'
import { LocalExporter } from '../../src/leases/local/local-exporter.ts'
import { CompositeDriver } from '../../src/runtime/composite-driver.ts'
import { prepareTree } from '../../src/runtime/config/build.ts'
import type { DriverClass, DriverTypes } from '../../src/runtime/config/driver-types.ts'
import { type ExporterConfig, invalidConfig } from '../../src/runtime/config/exporter-file.ts'
import { readExporterFile } from '../../src/runtime/config/parse.ts'

const head = 'apiVersion: jumpstarter.dev/v1alpha1\nkind: ExporterConfig\nmetadata: { namespace: default, name: lab }\n'

/** Keeps its configuration; has a child of its own where it says so. */
class Probe extends Driver {
  static readonly interface = Power
  override readonly children: Record<string, Driver> = {}
  readonly config: Readonly<Record<string, unknown>>

  constructor(config: Readonly<Record<string, unknown>>) {
    super()
    this.config = config
    if (typeof config['fail'] === 'string') throw new RangeError(config['fail'])
    if (config['builtIn'] === true) this.children['own'] = new Probe({})
  }
}

/** Says with a Standard Schema what its config may be. */
class Meter extends Probe {
  static readonly configRules = z.object({
    host: z.string(),
    // A second run of the schema would fail: it takes texts only.
    range: z.string().transform(Number),
    port: z.number().default(5025),
  })
}

/** Takes keys of its own, which the rules of the class that it extends do not have. */
class Extended extends MockPower {
  readonly config: Readonly<Record<string, unknown>>

  constructor(config: Readonly<Record<string, unknown>>) {
    super()
    this.config = config
  }
}

const types: DriverTypes = new Map([['lab.driver.Probe', async (): Promise<DriverClass> => Probe]])

const read = (text: string, path = 'lab.yaml') => readExporterFile(head + text, path)
const build = async (text: string, path?: string) => (await prepareTree(read(text, path), types))()

/** The content of a file without drivers' mistakes. */
function parse(text: string, start = head): ExporterConfig {
  const { config, mistakes, path } = readExporterFile(start + text, 'lab.yaml')
  if (mistakes.length > 0) throw invalidConfig(path, mistakes)
  return config
}

/** What a file is refused with, line by line. */
async function mistakesOf(run: () => unknown): Promise<string[]> {
  const error = await (async () => run())().catch((failure: unknown) => failure)
  expect(error).toMatchObject({ name: 'HardwareError', code: 'EXPORTER_CONFIG_INVALID', origin: 'lab' })
  const [first, ...lines] = (error as Error).message.split('\n')
  expect(first).toMatch(/ is not a valid exporter configuration:$/)
  return lines.map((line) => line.trim())
}

function shape(driver: Driver): object {
  return Object.fromEntries(Object.entries(driver.children).map(([name, child]) => [name, shape(child)]))
}

function absent(name: string): never {
  throw new Error(`no driver ${name}`)
}

/** The driver at a path of names. */
function at(root: Driver, path: string): Driver {
  return path.split('.').reduce((driver, name) => driver.children[name] ?? absent(name), root)
}

describe('a valid file', () => {
  const text = `
labels: { board: rpi4, "jumpstarter.dev/zone": west }
description: The left shelf
export:
  zulu:
    type: lab.driver.Probe
    description: Main supply
    methods_description: { on: Switches on, "read-pin": Reads }
    config: { pin: 4, names: [a, { b: null }], yes: "quoted" }
  alpha:
    children:
      deep: { children: { probe: { type: lab.driver.Probe } } }
      second: { type: lab.driver.Probe }
  empty: {}
  mike: { ref: alpha.deep }
`

  test('is read with its names, labels and order', () => {
    // In quotes, because an unquoted yes is a boolean.
    const config = parse(text.replaceAll('yes:', '"yes":').replace('{ on:', '{ "on":'))
    expect(config).toMatchObject<Partial<ExporterConfig>>({
      name: 'lab',
      labels: { board: 'rpi4', 'jumpstarter.dev/zone': 'west' },
      description: 'The left shelf',
      warnings: [],
    })
    expect(Object.keys(config.entries)).toEqual(['zulu', 'alpha', 'empty', 'mike'])
    expect(config.entries['zulu']).toEqual({
      kind: 'driver',
      type: 'lab.driver.Probe',
      description: 'Main supply',
      methodsDescription: { on: 'Switches on', 'read-pin': 'Reads' },
      config: { pin: 4, names: ['a', { b: null }], yes: 'quoted' },
      children: {},
    })
    expect(config.entries['empty']).toEqual({ kind: 'composite', children: {} })
    expect(config.entries['mike']).toEqual({ kind: 'reference', ref: ['alpha', 'deep'] })
  })

  test('needs no more than its head', () => {
    expect(parse('')).toEqual({
      name: 'lab',
      labels: {},
      description: undefined,
      entries: {},
      hooks: {},
      warnings: [],
    })
  })

  test('has values as YAML 1.1 has them', () => {
    const { entries } = parse(
      'export: { p: { type: t, config: { a: yes, b: 010, c: 1_000, d: 0x1f, e: "no", f: ~ } } }',
    )
    expect(entries['p']).toMatchObject({ config: { a: true, b: 8, c: 1000, d: 31, e: 'no', f: null } })
  })

  test('may have keys without effect; some of them, and unknown keys, give a warning', () => {
    const { warnings } = parse('endpoint: grpc\ntls: {}\ntoken: x\nexports: {}\n')
    expect(warnings).toEqual(["'exports' is not a key of an exporter's file; it is ignored"])
  })

  test('names the controller to register with', () => {
    const tls = `{ ca: ${Buffer.from('PEM').toString('base64')}, insecure: true }`
    expect(parse(`endpoint: grpc.example:8082\ntls: ${tls}\ntoken: secret\n`).controller).toMatchObject({
      address: 'grpc.example:8082',
      token: 'secret',
      insecure: true,
      ca: 'PEM',
    })
    expect(parse('endpoint: grpc.example:8082\n').controller).toBeUndefined()
  })
})

describe('empty and null are as left out', () => {
  const parts = [
    ...[
      'description:',
      'description: ""',
      'motd: ~',
      'export:',
      'export: ""',
      'export: {}',
      'hooks:',
      'hooks: {}',
      'safe: ~',
      'lock: ""',
    ],
    ...[
      'hooks: { beforeLease: null, afterLease: ~ }',
      'labels:',
      'environment: null',
      'presignedAddresses: ""',
      'grpcOptions: ~',
    ],
    ...[
      'tls:',
      'tls: { ca: "", insecure: ~ }',
      'endpoint: ""',
      'token: ""',
      'failureDetection: ~',
      'labels: { rack: ~ }',
    ],
  ]
  test.each(parts)('%s', (part) => expect(parse(part)).toEqual(parse('')))

  test('in entries, hooks and configs', async () => {
    const entry = '{ description: ~, methods_description: , config: , children: ~ }'
    const { entries, hooks } = parse(
      `export: { p: ${entry.replace('{', '{ type: t,')}, c: { children: } }\nhooks: { afterLease: { script: x, exec: , timeout: ~, onFailure: "" } }`,
    )
    expect(entries['p']).toEqual({
      kind: 'driver',
      type: 't',
      description: undefined,
      methodsDescription: {},
      config: {},
      children: {},
    })
    expect(entries['c']).toEqual({ kind: 'composite', children: {} })
    expect(hooks.afterLease).toEqual({ command: ['/bin/sh', '-c', 'x'], timeoutMs: 120_000, onFailure: 'warn' })
    const config = '{ methods: { hello: "echo $PWD" }, cwd: "", shell: ~ }'
    const text = `export: { tools: { type: jumpstarter_driver_shell.driver.Shell, config: ${config} } }`
    const root = (await prepareTree(read(text), driverTypes))()
    await using shell = await serve(at(root, 'tools') as ShellDriver, { client: ShellClient })
    expect(await shell.run('hello')).toMatchObject({ stdout: `${process.cwd()}\n` })
  })

  test('but not an entry', async () => {
    expect(await mistakesOf(() => parse('export: { power: }'))).toEqual([
      'export.power (line 4) is empty; it has to be a mapping',
    ])
  })
})

describe('Jumpstarter’s options', () => {
  const power = 'jumpstarter_driver_power.driver.MockPower'
  const load = (text: string, warn?: (warning: string) => void) =>
    prepareTree(read(text), driverTypes, warn).then((create) => create())

  test('of every driver: log_level, labels, uuid', async () => {
    const uuid = '0F0E0D0C-0B0A-4908-8706-050403020100'
    const config = `{ log_level: warning, labels: { rack: west }, uuid: ${uuid} }`
    const driver = at(await load(`export: { main: { type: ${power}, config: ${config} } }`), 'main')
    expect(driver.labels).toEqual({ rack: 'west' })
    expect(driver.uuid).toBe(uuid.toLowerCase())
    const lines: string[] = []
    driver.logger.info('before')
    driver.logger.warning('kept')
    driver.logger.connect(({ message }) => lines.push(message))
    driver.logger.debug('after')
    expect(lines).toEqual([expect.stringContaining('kept')])
    const own = '{ log_level: LOUD, labels: { rack: 1 }, uuid: west }'
    expect(await mistakesOf(() => load(`export: { main: { type: ${power}, config: ${own} } }`))).toEqual([
      'export.main.config.log_level (line 4) is "LOUD"; it has to be DEBUG, INFO, WARNING, ERROR or CRITICAL',
      'export.main.config.labels (line 4) is {"rack":1}; it has to be an object of texts',
      'export.main.config.uuid (line 4) is "west"; it has to be a UUID',
    ])
  })

  test('the types Composite and Proxy', async () => {
    const of = (name: string) => `jumpstarter_driver_composite.driver.${name}`
    const board = `board: { type: ${of('Composite')}, description: The board, children: { power: { type: ${power} } } }`
    const proxy = `main: { type: ${of('Proxy')}, config: { ref: board.power } }`
    const root = await load(`export: { ${board}, ${proxy} }`)
    expect(shape(root)).toEqual({ board: { power: {} }, main: {} })
    expect(at(root, 'main')).toBe(at(root, 'board.power'))
    expect(at(root, 'board').description).toBe('The board')
    expect(await mistakesOf(() => load(`export: { main: { type: ${of('Proxy')}, config: {} } }`))).toEqual([
      'export.main.config.ref is missing',
    ])
  })

  test('a Shell method without a command', async () => {
    const config = '{ methods: { hello: { description: Greets } } }'
    const root = await load(`export: { tools: { type: jumpstarter_driver_shell.driver.Shell, config: ${config} } }`)
    await using shell = await serve(at(root, 'tools') as ShellDriver, { client: ShellClient })
    expect(await shell.run('hello')).toMatchObject({ stdout: 'Hello\n', exitCode: 0 })
  })

  test('that have no effect here give a warning', async () => {
    const warnings: string[] = []
    const config = '{ fls_version: 0.1.9, flash_timeout: 60, launcher_socket: /x, mem: 256M }'
    const text = `export: { board: { type: jumpstarter_driver_qemu.driver.Qemu, config: ${config} } }`
    await load(text, (warning) => warnings.push(warning))
    expect(warnings).toEqual(
      ['fls_version', 'flash_timeout', 'launcher_socket'].map((key) => `export.board.config.${key} has no effect here`),
    )
    expect(parse('exitOnLeaseEnd: true\nfailureDetection: { maxRapidFailures: 3 }\n').warnings).toEqual([
      "'exitOnLeaseEnd' has no effect here",
      "'failureDetection' has no effect here",
    ])
  })
})

describe('mistakes in a file', () => {
  test.each([
    [
      'a boolean as a key deep in a config',
      'export: { p: { type: t, config: { methods: { on: x, "off": y } } } }',
      'export.p.config.methods (line 4) has the key on, which YAML 1.1 reads as a boolean; put it in quotes',
    ],
    [
      'a boolean in a list of texts',
      'environment: [off]',
      'environment.0 (line 4) is a boolean; it has to be a text; put it in quotes',
    ],
    [
      'a boolean as a key',
      'export:\n  on: {}',
      'export (line 5) has the key on, which YAML 1.1 reads as a boolean; put it in quotes',
    ],
    [
      'a boolean as a key of config',
      'export: { p: { type: t, config: { off: 1 } } }',
      'export.p.config (line 4) has the key off,',
    ],
    ['a number as a key', 'export:\n  1: {}', 'export (line 5) has the key 1, which YAML 1.1 reads as a number'],
    ['a list as a key', 'export:\n  ? [a]\n  : {}', 'export (line 5) has the key ?, which YAML 1.1 reads as a list'],
    [
      'an unknown key of a driver',
      'export:\n  p:\n    type: t\n    drivers: {}',
      'export.p.drivers (line 7) is not a key of such an entry; it can have type, description, methods_description, config, children',
    ],
    [
      'an unknown key of a reference',
      'export: { p: { ref: a, config: {} } }',
      'export.p.config (line 4) is not a key of such an entry; it can have ref',
    ],
    [
      'an entry that is nothing',
      'export: { p: { class: X } }',
      "export.p.class (line 4) an entry has 'type' (a driver), 'ref' or 'children'",
    ],
    [
      'an entry that is a text',
      'export: { p: lab.driver.Probe }',
      'export.p (line 4) is a string; it has to be a mapping',
    ],
    ['a type that is a list', 'export: { p: { type: [a] } }', 'export.p.type (line 4) is a list; it has to be a text'],
    ['an empty type', 'export: { p: { type: } }', 'export.p.type (line 4) is empty; it has to be a text'],
    [
      'a reference that is a number',
      'export: { p: { ref: 3 } }',
      'export.p.ref (line 4) is a number; it has to be a text',
    ],
    [
      'a config that is a list',
      'export:\n  p:\n    type: t\n    config:\n      - a',
      'export.p.config (line 8) is a list; it has to be a mapping',
    ],
    [
      'children that are a list',
      'export: { a: { children: { b: { type: t, children: [c] } } } }',
      'export.a.children.b.children (line 4) is a list',
    ],
    [
      'a description that is a mapping',
      'export: { p: { type: t, description: {} } }',
      'export.p.description (line 4) is a mapping; it has to be a text',
    ],
    [
      'a description of methods that are no texts',
      'export: { p: { type: t, methods_description: { read: 3 } } }',
      'export.p.methods_description.read (line 4) is a number',
    ],
    ['a label that is a number', 'labels: { rev: 3 }', 'labels.rev (line 4) is a number; it has to be a text'],
  ])('%s', async (_, text, mistake) => {
    const mistakes = await mistakesOf(() => parse(text))
    expect(mistakes).toHaveLength(1)
    expect(mistakes[0]).toContain(mistake)
  })

  test.each([
    ['', 'the file is empty; it has to be a mapping'],
    ['- a', 'the file (line 1) is a list; it has to be a mapping'],
    [
      head.replace('v1alpha1', 'v1'),
      "apiVersion (line 1) is 'jumpstarter.dev/v1'; it has to be 'jumpstarter.dev/v1alpha1'",
    ],
    [head.replace('ExporterConfig', 'ClientConfig'), "kind (line 2) is 'ClientConfig'; it has to be 'ExporterConfig'"],
    [head.replace(/^metadata.*/m, ''), 'metadata is missing; it has to be a mapping'],
    [head.replace(', name: lab', ''), 'metadata.name is missing'],
    [head.replace('name: lab', 'name: 1'), 'metadata.name (line 3) is a number; it has to be a text'],
    [head.replace(/^kind.*\n/m, ''), 'kind is missing'],
  ])('%j: %s', async (text, mistake) => {
    expect(await mistakesOf(() => parse(text, ''))).toEqual([mistake])
  })

  test.each([
    ['export:\n  a: [\n', 'lab.yaml:6:1: '],
    ['export:\n  a: {}\n  a: {}\n', 'lab.yaml:6:3: Map keys must be unique'],
    ['export: { p: { type: t, config: { "x": 1, x: 2 } } }', 'lab.yaml:4:43: Map keys must be unique'],
    ['export:\n\tp: {}', 'lab.yaml:5:1: Tabs are not allowed as indentation'],
    ['---\nkind: Other', 'lab.yaml:4:1: a second document begins; write it into another file'],
  ])('YAML itself: %j', async (text, mistake) => {
    expect((await mistakesOf(() => parse(text)))[0]).toContain(mistake)
  })

  test('all of them at once', async () => {
    const text = 'kind: X\nlabels: [a]\nexport:\n  a: { type: 1, extra: 2 }\n  on: {}\n  b: { children: { c: 3 } }\n'
    expect(await mistakesOf(() => parse(text, ''))).toEqual([
      'apiVersion is missing',
      "kind (line 1) is 'X'; it has to be 'ExporterConfig'",
      'metadata is missing; it has to be a mapping',
      'labels (line 2) is a list; it has to be a mapping',
      'export (line 5) has the key on, which YAML 1.1 reads as a boolean; put it in quotes',
      expect.stringContaining('export.a.extra (line 4) is not a key of such an entry'),
      'export.a.type (line 4) is a number; it has to be a text',
      'export.b.children.c (line 6) is a number; it has to be a mapping',
    ])
  })
})

describe('the tree', () => {
  const probe = '{ type: lab.driver.Probe }'

  test('has the names, the order, the nesting and the descriptions of the file', async () => {
    const root = await build(`
description: Shelf
export:
  zulu: { type: lab.driver.Probe, description: Supply, methods_description: { read: Reads }, config: { pin: 4 } }
  alpha: { children: { yankee: ${probe}, bravo: { children: { probe: ${probe} } } } }
  empty: {}
`)
    expect(JSON.stringify(shape(root))).toBe('{"zulu":{},"alpha":{"yankee":{},"bravo":{"probe":{}}},"empty":{}}')
    expect(root.description).toBe('Shelf')
    expect(at(root, 'zulu')).toMatchObject({
      description: 'Supply',
      methodsDescription: { read: 'Reads' },
      config: { pin: 4 },
    })
    expect(at(root, 'alpha.yankee')).toMatchObject({ description: undefined, methodsDescription: {}, config: {} })
    expect(at(root, 'alpha.bravo')).toBeInstanceOf(CompositeDriver)
  })

  test('has drivers below drivers, besides those that a driver makes itself', async () => {
    const root = await build(
      `export: { a: { type: lab.driver.Probe, config: { builtIn: true }, children: { b: ${probe}, c: { children: { d: ${probe} } } } } }`,
    )
    expect(shape(root)).toEqual({ a: { own: {}, b: {}, c: { d: {} } } })
  })

  test('may be written with anchors, aliases and merges', async () => {
    const root = await build(`
x-shared: &probe { type: lab.driver.Probe, config: &pins { pin: 4, bank: 1 } }
export:
  a: *probe
  b: { <<: *probe, description: Second, config: { <<: *pins, pin: 5 } }
`)
    expect(at(root, 'a')).toMatchObject({ config: { pin: 4, bank: 1 } })
    expect(at(root, 'b')).toMatchObject({ description: 'Second', config: { pin: 5, bank: 1 } })
  })

  test.each([
    ['export: { a: *nothing }', 'export.a (line 4) is an alias without an anchor; it has to be a mapping'],
    [
      `export: { "": ${probe} }`,
      "export (line 4) has an entry named ''; a name is not empty, has no dots and is not __proto__",
    ],
    [
      `export: { a.b: ${probe} }`,
      "export (line 4) has an entry named 'a.b'; a name is not empty, has no dots and is not __proto__",
    ],
    [
      `export: { __proto__: ${probe} }`,
      "export (line 4) has an entry named '__proto__'; a name is not empty, has no dots and is not __proto__",
    ],
  ])('cannot be %s', async (text, mistake) => {
    expect(await mistakesOf(() => build(text))).toEqual(expect.arrayContaining([mistake]))
  })

  test('has the booleans of Jumpstarter’s parser', async () => {
    const root = await build(`export: { y: { type: lab.driver.Probe, config: { a: n, b: yes, c: off } } }`)
    expect(at(root, 'y')).toMatchObject({ config: { a: 'n', b: true, c: false } })
  })

  test('may have empty labels', () => {
    expect(parse('labels: { spare: "" }').labels).toEqual({ spare: '' })
  })

  test('is made again for each session, with the same configuration', async () => {
    const create = await prepareTree(read(`export: { a: ${probe} }`), types)
    const [first, second] = [create(), create()]
    expect(at(first, 'a')).toBeInstanceOf(Probe)
    expect(at(first, 'a')).not.toBe(at(second, 'a'))
    expect(at(first, 'a').uuid).not.toBe(at(second, 'a').uuid)
  })
})

describe('references', () => {
  const board = 'board: { children: { power: { type: lab.driver.Probe } } }'

  test.each([
    ['backwards', `${board}, again: { ref: board.power }`],
    ['forwards', `again: { ref: board.power }, ${board}`],
    ['to another reference', `again: { ref: first }, first: { ref: board.power }, ${board}`],
    ['through another reference', `all: { ref: board }, again: { ref: all.power }, ${board}`],
  ])('lead to the one driver: %s', async (_, entries) => {
    const root = await build(`export: { ${entries} }`)
    expect(at(root, 'again')).toBeInstanceOf(Probe)
    expect(at(root, 'again')).toBe(at(root, 'board.power'))
    expect(Object.keys(root.children)).toEqual(Object.keys(parse(`export: { ${entries} }`).entries))
  })

  test('lead to a group, and stand in groups', async () => {
    const root = await build(`export: { desk: { children: { all: { ref: board } } }, ${board} }`)
    expect(at(root, 'desk.all')).toBe(at(root, 'board'))
    expect(shape(root)).toEqual({ desk: { all: { power: {} } }, board: { power: {} } })
  })

  test('may stand below a driver, and look ahead through others', async () => {
    const entries = `rack: { type: lab.driver.Probe, children: { main: { ref: all.power } } }, all: { ref: board }`
    const root = await build(`export: { ${entries}, ${board} }`)
    expect(at(root, 'rack.main')).toBe(at(root, 'board.power'))
  })

  test('fill the places that a driver needs below it', async () => {
    class Rack extends Probe {
      static readonly requiredChildren = ['main', 'spare']
    }
    const racks: DriverTypes = new Map([...types, ['lab.driver.Rack', async (): Promise<DriverClass> => Rack]])
    const prepare = (children: string) => {
      const text = `export: { rack: { type: lab.driver.Rack, children: { ${children} } }, ${board} }`
      return prepareTree(read(text), racks)
    }
    const root = (await prepare('main: { ref: board.power }, spare: { type: lab.driver.Probe }'))()
    expect(at(root, 'rack.main')).toBe(at(root, 'board.power'))
    expect(await mistakesOf(() => prepare('main: { ref: board.power }'))).toEqual([
      'export.rack.children (line 4) has no spare, which Rack needs; name a driver of the file there, such as spare: { ref: … }, or define one',
    ])
  })

  test('are found by their own names, and contain nothing that contains them', async () => {
    expect(await mistakesOf(() => build(`export: { a: { ref: toString }, ${board} }`))).toEqual([
      "export.a.ref (line 4) points to 'toString', which is not in the tree; write the names from the root down, with dots",
    ])
    const children = 'children: { children2: { ref: board.power } }'
    expect(await mistakesOf(() => build(`export: { a: { ref: b2 }, b: { ${children} }, ${board} }`))).toEqual([
      "export.a.ref (line 4) points to 'b2', which is not in the tree; write the names from the root down, with dots",
    ])
    expect(await mistakesOf(() => build(`export: { a: { children: { self: { ref: a } } } }`))).toEqual([
      "export: Driver CompositeDriver 'self' contains itself",
    ])
    const circle = 'a: { children: { x: { ref: b } } }, b: { children: { y: { ref: a } } }'
    expect(await mistakesOf(() => build(`export: { ${circle} }`))).toEqual([expect.stringContaining('contains itself')])
  })

  test('that lead nowhere, or in a circle, are mistakes', async () => {
    const entries = `a: { ref: b }, b: { ref: a }, c: { ref: c }, d: { ref: board.nope }, e: { children: { f: { ref: nope } } }`
    expect(await mistakesOf(() => build(`export: { ${entries}, ${board} }`))).toEqual([
      'export.a.ref (line 4) is a circle: a → b → a; let one of them point to a driver',
      'export.b.ref (line 4) is a circle: b → a → b; let one of them point to a driver',
      'export.c.ref (line 4) is a circle: c → c; let one of them point to a driver',
      "export.d.ref (line 4) points to 'board.nope', which is not in the tree; write the names from the root down, with dots",
      "export.e.children.f.ref (line 4) points to 'nope', which is not in the tree; write the names from the root down, with dots",
    ])
  })
})

describe('types', () => {
  const source = fileURLToPath(new URL('../../src/index.ts', import.meta.url))
  const relay = (name: string) => `
import { Driver } from ${JSON.stringify(source)}
export class ${name} extends Driver {
  static interface = { client: 'test.${name}', methods: {} }
  constructor(config) { super(); this.config = config }
}
export class Plain {}
export const number = 3
`
  let folder: string

  beforeAll(async () => {
    const cache = fileURLToPath(new URL('../../.cache/', import.meta.url))
    mkdirSync(cache, { recursive: true })
    folder = await mkdtemp(join(cache, 'config-'))
    const files = {
      'package.json': '{ "type": "module" }',
      'exporters/relay.ts': relay('Relay')
        .replace('(config)', '(config: object)')
        .replace('this.config =', '(this as any).config ='),
      'parts/relay.mjs': relay('Other'),
      'exporters/throws.mjs': `throw new Error('no such bus: /dev/i2c-9')`,
      'exporters/enum.ts': 'export enum Level { Low, High }\nexport class Relay {}\n',
      'node_modules/lab-drivers/package.json': JSON.stringify({
        name: 'lab-drivers',
        type: 'module',
        exports: { './relays': './relays.js' },
      }),
      'node_modules/lab-drivers/relays.js': `
class Driver {
  uuid = 'x'; labels = {}; children = {}; methodsDescription = {}
  // The brand of base/brand.ts.
  static { this.prototype[Symbol.for('vitest-hardware@0.Driver')] = true }
}
export class Packaged extends Driver { static interface = { client: 'test.Packaged', methods: {} } }
export class OtherMajor {
  static { this.prototype[Symbol.for('vitest-hardware.copy')] = { major: 7, place: '/other' } }
}
`,
    }
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), content)
    }
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  /** The tree of a file in the folder `exporters`, with one driver. */
  const buildType = (type: string, config = '{}') =>
    build(`export: { p: { type: "${type}", config: ${config} } }`, join(folder, 'exporters/lab.yaml'))

  test.each([
    ['lab.driver.Probe', 'Probe'],
    ['./relay.ts#Relay', 'Relay'],
    ['../parts/relay.mjs#Other', 'Other'],
  ])('%s', async (type, name) => {
    const driver = at(await buildType(type, '{ pin: 4 }'), 'p')
    expect(driver.constructor.name).toBe(name)
    expect(driver).toMatchObject({ config: { pin: 4 } })
  })

  test('an absolute path', async () => {
    expect(at(await buildType(`${folder}/parts/relay.mjs#Other`), 'p').constructor.name).toBe('Other')
  })

  test('a package next to the file, whose Driver may be of another copy of ours', async () => {
    expect(at(await buildType('lab-drivers/relays#Packaged'), 'p').constructor.name).toBe('Packaged')
  })

  test.each([
    [
      'lab.driver.Prob',
      "for which there is no driver. There are lab.driver.Probe; a driver of your own is './file.ts#Export'",
    ],
    ['./relay.ts', 'for which there is no driver'],
    ['./relay.ts#Rely', 'but the module exports no class Rely; it exports '],
    ['./relay.ts#number', 'but the module exports no class number'],
    ['./relay.ts#Plain', 'which is not a class that extends Driver'],
    [
      'lab-drivers/relays#OtherMajor',
      'which comes from another major version of vitest-hardware: version 7 in /other, but version 0 in ',
    ],
    ['./nothing.ts#Relay', 'which cannot be imported: there is no file /'],
    ['./throws.mjs#Relay', 'which cannot be imported: no such bus: /dev/i2c-9'],
    ['lab-drivers#Packaged', 'which cannot be imported: '],
    ['lab-drivers/other#Packaged', 'which cannot be imported: '],
    ['no-such-package/drivers#X', "which cannot be imported: Cannot find package 'no-such-package'"],
  ])('%s is a mistake', async (type, mistake) => {
    const [first, ...others] = await mistakesOf(() => buildType(type))
    expect(first).toContain(`export.p.type (line 4) is '${type}', ${mistake}`)
    expect(others).toEqual([])
  })

  test('mistakes have their places, and each wrong type is reported once', async () => {
    const text = `export: { a: { type: nope }, b: { children: { c: { type: lab.driver.Probe, children: { d: { type: "./x.ts#X" } } } } } }`
    const mistakes = await mistakesOf(() => build(text, join(folder, 'exporters/lab.yaml')))
    expect(mistakes).toEqual([
      expect.stringMatching(/^export\.a\.type \(line 4\) is 'nope'/),
      expect.stringMatching(
        /^export\.b\.children\.c\.children\.d\.type \(line 4\) is '\.\/x\.ts#X', which cannot be imported/,
      ),
    ])
  })

  test('constructors that throw, each with its place', async () => {
    const failing = (why: string) => `{ type: lab.driver.Probe, config: { fail: ${why} } }`
    const text = `export: { a: ${failing('no pin')}, b: { children: { c: ${failing('no bus')}, ok: { type: lab.driver.Probe } } } }`
    expect(await mistakesOf(() => build(text))).toEqual([
      'export.a.config (line 4) no pin',
      'export.b.children.c.config (line 4) no bus',
    ])
  })

  test('TypeScript that Node.js cannot strip is explained', async () => {
    const file = join(folder, 'exporters/enum.yaml')
    writeFileSync(file, `${head}export: { p: { type: "./enum.ts#Relay" } }`)
    // In a process of its own: Vitest would compile the enum.
    await expect(LocalExporter.start({ name: 'lab', file, emit: () => undefined })).rejects.toMatchObject({
      code: 'EXPORTER_CONFIG_INVALID',
      message: expect.stringMatching(
        /export\.p\.type \(line 4\) is '\.\/enum\.ts#Relay', which cannot be imported: .*enum.*\(Node\.js runs TypeScript by removing its types; enums, namespaces/s,
      ),
    })
  })
})

describe('what a config may be', () => {
  const own: DriverTypes = new Map<string, () => Promise<DriverClass>>([
    ['lab.driver.Meter', async () => Meter],
    ['lab.driver.Extended', async () => Extended],
  ])
  const buildOwn = async (text: string) => (await prepareTree(read(text), own))()

  test('is said with a Standard Schema, whose output the driver gets', async () => {
    const root = await buildOwn(
      'export: { meter: { type: lab.driver.Meter, config: { host: a, range: "10", log_level: DEBUG } } }',
    )
    expect((at(root, 'meter') as Meter).config).toEqual({ host: 'a', range: 10, port: 5025 })
    const wrong = 'export: { meter: { type: lab.driver.Meter, config: { range: 10, port: x } } }'
    expect(await mistakesOf(() => buildOwn(wrong))).toEqual([
      expect.stringMatching(/^export\.meter\.config\.host \(line 4\) is not valid: /),
      expect.stringMatching(/^export\.meter\.config\.range \(line 4\) is not valid: /),
      expect.stringMatching(/^export\.meter\.config\.port \(line 4\) is not valid: /),
    ])
  })

  test('is up to the constructor where a class inherits its rules', async () => {
    const root = await buildOwn('export: { power: { type: lab.driver.Extended, config: { journal: x } } }')
    expect((at(root, 'power') as Extended).config).toEqual({ journal: 'x' })
  })
})
