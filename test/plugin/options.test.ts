import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

import { hardware } from '../../src/plugin/index.ts'
import { checkOptions, configuredExporters, type HardwareOptions } from '../../src/plugin/options.ts'

describe('exporters of the options', () => {
  test('files are relative to the root of the project, and keep their order', () => {
    const exporters = { virt: './exporters/virt.yaml', up: '../up.ts', absolute: '/etc/lab.yaml' }
    expect(configuredExporters({ exporters }, '/project/root', {})).toEqual([
      { name: 'virt', file: resolve('/project/root/exporters/virt.yaml') },
      { name: 'up', file: resolve('/project/up.ts') },
      { name: 'absolute', file: resolve('/etc/lab.yaml') },
    ])
  })

  test('those that run already have labels, or none', () => {
    const safe = ['power.off', { call: 'relay.call_method', args: ['off', {}] }]
    const exporters = { lab: { host: 'bench:1234', safe }, other: { host: '/run/jmp.sock', labels: { board: 'uno' } } }
    expect(configuredExporters({ exporters }, '/', {})).toEqual([
      { name: 'lab', endpoint: { name: 'lab', address: 'bench:1234' }, labels: {}, safe, shared: true },
      { name: 'other', endpoint: { name: 'other', address: '/run/jmp.sock' }, labels: { board: 'uno' }, shared: true },
    ])
  })

  test('those that run already say how they are protected', () => {
    const environment = { JMP_GRPC_PASSPHRASE: 'of all' }
    const exporters = {
      plain: { host: 'bench:1', insecure: true },
      own: { host: 'bench:2', ca: 'ca.pem', passphrase: 'its own' },
    }
    expect(configuredExporters({ exporters }, '/root', environment)).toEqual([
      {
        name: 'plain',
        endpoint: { name: 'plain', address: 'bench:1', insecure: true, passphrase: 'of all' },
        labels: {},
        shared: true,
      },
      {
        name: 'own',
        endpoint: { name: 'own', address: 'bench:2', passphrase: 'its own' },
        caFile: '/root/ca.pem',
        labels: {},
        shared: true,
      },
    ])
  })

  test('the environment counts only without the option', () => {
    const environment = { JUMPSTARTER_HOST: 'bench:1234' }
    expect(configuredExporters({ exporters: {} }, '/', environment)).toEqual([])
  })
})

describe('the exporter of jmp shell', () => {
  test('has its address, name and labels from the environment', () => {
    const environment = {
      JUMPSTARTER_HOST: '/tmp/jumpstarter-x/socket',
      JMP_EXPORTER: 'bench-7',
      JMP_EXPORTER_LABELS: 'board=rpi4, jumpstarter.dev/name=bench-7,empty=,query=a=b',
    }
    expect(configuredExporters({}, '/', environment)).toEqual([
      {
        name: 'bench-7',
        endpoint: { name: 'bench-7', address: '/tmp/jumpstarter-x/socket' },
        labels: { board: 'rpi4', 'jumpstarter.dev/name': 'bench-7', empty: '', query: 'a=b' },
      },
    ])
  })

  test('is called after the variable where it has no name', () => {
    expect(configuredExporters({}, '/', { JUMPSTARTER_HOST: 'h:1' })).toEqual([
      { name: 'JUMPSTARTER_HOST', endpoint: { address: 'h:1' }, labels: {} },
    ])
  })

  test('is none where the variable is not set, or empty', () => {
    expect(configuredExporters({}, '/', {})).toEqual([])
    expect(configuredExporters({}, '/', { JUMPSTARTER_HOST: '', JMP_EXPORTER: 'x' })).toEqual([])
  })

  test('passes over labels that are none', () => {
    const labelsOf = (text: string) =>
      configuredExporters({}, '/', { JUMPSTARTER_HOST: 'h:1', JMP_EXPORTER_LABELS: text }).map((exporter) =>
        'labels' in exporter ? exporter.labels : undefined,
      )
    expect(labelsOf('')).toEqual([{}])
    expect(labelsOf('nonsense,=x,,a=1,')).toEqual([{ a: '1' }])
    expect(Object.keys(labelsOf('__proto__=x')[0] ?? {})).toEqual(['__proto__'])
  })
})

describe('checks', () => {
  test.each<HardwareOptions>([
    {},
    { exporters: {} },
    { exporters: { a: 'a.yaml', b: { host: 'h:1' } }, leaseTimeoutMs: 1, allow: ['@lab/clients'] },
  ])('%j is valid', (options) => {
    expect(() => checkOptions(options)).not.toThrow()
  })

  test.each([
    [
      { exporter: {} },
      'exporter is an unknown key; known keys: exporters, controller, leaseTimeoutMs, idleTimeoutMs, onMissing, retry, evidence, log, allow',
    ],
    [{ exporters: { dut: 3 } }, "exporters.dut is 3; it has to be the path of a file, or { host: 'HOST:PORT' }"],
    [{ exporters: { dut: '' } }, 'exporters.dut is missing; it has to be the path of a file'],
    [{ exporters: { dut: null } }, 'exporters.dut is missing; it has to be the path of a file'],
    [{ exporters: { dut: {} } }, 'exporters.dut.host is missing; it has to be a text'],
    [{ exporters: { dut: { host: 1234 } } }, 'exporters.dut.host is 1234; it has to be a text'],
    [
      { exporters: { dut: { host: 'h:1', port: 1 } } },
      'exporters.dut.port is an unknown key; known keys: host, ca, insecure, passphrase, labels, safe',
    ],
    [{ exporters: { dut: { host: 'h:1', insecure: 'yes' } } }, 'exporters.dut.insecure is "yes"; it has to be true or'],
    [{ leaseTimeoutMs: 0 }, 'leaseTimeoutMs is 0; it has to be a number of milliseconds from 1 to 86400000'],
    [{ leaseTimeoutMs: Infinity }, 'leaseTimeoutMs is Infinity'],
    [{ leaseTimeoutMs: '5s' }, 'leaseTimeoutMs is "5s"'],
    [{ exporters: './lab.yaml' }, 'exporters is "./lab.yaml"; it has to be an object such as'],
    [
      { exporters: { a: { host: 'h:1', labels: { n: 1 } } } },
      'exporters.a.labels is {"n":1}; it has to be an object of texts',
    ],
    [
      { exporters: { a: { host: 'h:1', safe: ['power.off', { args: [1] }] } } },
      'exporters.a.safe is ["power.off",{"args":[1]}]; it has to be a list of calls such as \'power.off\'',
    ],
    [{ allow: [3] }, 'allow is [3]; it has to be a list of names of packages'],
    [{ idleTimeoutMs: 0 }, 'idleTimeoutMs is 0; it has to be a number of milliseconds'],
    [{ onMissing: 'ignore' }, 'onMissing is "ignore"; it has to be fail or skip'],
    [{ evidence: true }, 'evidence is true; it has to be off or on-failure or on'],
    [{ retry: 1.5 }, 'retry is 1.5; it has to be a whole number from 0 to 10'],
    [{ allow: 'pkg' }, 'allow is "pkg"; it has to be a list of names of packages'],
    [{ controller: 'default' }, 'controller is "default"; it has to be an object such as { client: \'default\' }'],
    [{ controller: { client: '' } }, 'controller.client is missing; it has to be a text'],
    [{ controller: { clientConfig: 1 } }, 'controller.clientConfig is 1; it has to be a text'],
    [
      { controller: { maxDurationMs: 0 } },
      'controller.maxDurationMs is 0; it has to be a number of milliseconds from 5000 to 31536000000',
    ],
    [
      { controller: { durationMs: 1000 } },
      'controller.durationMs is 1000; it has to be a number of milliseconds from 5000 to 86400000',
    ],
    [{ controller: { lease: 'test' } }, 'controller.lease is "test"; it has to be file or run'],
    [
      { controller: { name: 'x' } },
      'controller.name is an unknown key; known keys: client, clientConfig, lease, durationMs, maxDurationMs',
    ],
  ])('%j is a mistake', (options, message) => {
    expect(() => checkOptions(options as HardwareOptions)).toThrow(
      expect.objectContaining({
        code: 'PLUGIN_OPTIONS_INVALID',
        origin: 'plugin',
        message: expect.stringContaining(message),
      }),
    )
  })

  test('the plugin throws with all mistakes at once', () => {
    const options = { timeout: 1, exporters: { a: '', b: 'b.yaml' }, leaseTimeoutMs: -1, allow: 'x' }
    expect(() => hardware(options as unknown as HardwareOptions)).toThrow(
      [
        'Invalid options of hardware():',
        '  leaseTimeoutMs is -1; it has to be a number of milliseconds from 1 to 86400000',
        '  allow is "x"; it has to be a list of names of packages',
        '  timeout is an unknown key; known keys: exporters, controller, leaseTimeoutMs, idleTimeoutMs, onMissing, retry, evidence, log, allow',
        "  exporters.a is missing; it has to be the path of a file, or { host: 'HOST:PORT' }",
      ].join('\n'),
    )
  })
})
