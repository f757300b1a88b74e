import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'

import { call, defineInterface, Driver, type Implementation, streaming } from '../../src/index.ts'
import { connect, type DriverClient } from '../../src/clients/index.ts'
import { ShellDriver } from '../../src/drivers/index.ts'
import { driverTypes } from '../../src/drivers/types.ts'
import { Power } from '../../src/interfaces/index.ts'
import { CompositeDriver, openSession, type SafeEntry } from '../../src/runtime/index.ts'
import { prepareTree } from '../../src/runtime/config/build.ts'
import { readExporterFile } from '../../src/runtime/config/parse.ts'

const Relay = defineInterface({
  client: 'test.Relay',
  methods: { openAll: call(), watch: streaming<() => number>(), pull: call<(volts: number) => void>() },
})

/** What happened to the drivers, in order. */
let journal: string[] = []

class RelayDriver extends Driver implements Implementation<typeof Relay> {
  static readonly interface = Relay
  openAll() {
    journal.push('open all')
  }
  *watch() {
    yield 1
  }
  pull(volts: number) {
    journal.push(`pull ${volts}`)
  }
  override close() {
    journal.push('close relay')
  }
}

class PowerDriver extends Driver implements Implementation<typeof Power> {
  static readonly interface = Power
  readonly #offError: Error | undefined
  constructor(offError?: Error) {
    super()
    this.#offError = offError
  }
  on() {
    journal.push('on')
  }
  off(): void | Promise<void> {
    if (this.#offError !== undefined) throw this.#offError
    journal.push('off')
  }
  async *read() {
    yield { voltage: 0, current: 0 }
  }
  override close() {
    journal.push('close power')
  }
}

class StuckPower extends PowerDriver {
  override async off() {
    await new Promise(() => undefined)
  }
}

function exporter(root: Driver, safe?: readonly SafeEntry[]) {
  journal = []
  return { name: 'lab', labels: {}, warnings: [], safe, createRoot: () => root }
}

describe('the end of a session', () => {
  test('switches power off before drivers close, also deep in the tree, and once for a driver with two places', async () => {
    const power = new PowerDriver()
    const root = new CompositeDriver({ board: new CompositeDriver({ power }), same: power, relay: new RelayDriver() })
    const open = await openSession(exporter(root))
    const connection = await connect(open.address)
    await (connection.root.children['same'] as DriverClient).call('on')
    connection.close()
    await open.close()
    expect(journal).toEqual(['on', 'off', 'close relay', 'close power'])
  })

  test('makes the calls that the exporter names, in their order', async () => {
    const root = new CompositeDriver({ power: new PowerDriver(), relay: new RelayDriver() })
    await (await openSession(exporter(root, ['relay.open_all', 'power.off', 'relay.openAll']))).close()
    expect(journal).toEqual(['open all', 'off', 'open all', 'close relay', 'close power'])
  })

  test('makes calls with arguments, and reads all answers', async () => {
    const root = new CompositeDriver({ relay: new RelayDriver() })
    const calls = [{ call: 'relay.pull', args: [5] }, { call: 'relay.watch' }, { call: 'relay.open_all' }]
    await (await openSession(exporter(root, calls))).close()
    expect(journal).toEqual(['pull 5', 'open all', 'close relay'])
  })

  test('runs the commands of a Shell, and one that fails is an error', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'safe-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const methods = { off: `echo "off $1" >> ${join(folder, 'journal')}`, jam: 'exit 3' }
    const root = new CompositeDriver({ relay: new ShellDriver({ methods }) })
    const command = (...args: unknown[]) => ({ call: 'relay.call_method', args })
    const open = await openSession(exporter(root, [command('off', {}, 'port 2'), command('jam'), command('off')]))
    await expect(open.close()).rejects.toMatchObject({
      errors: [
        {
          code: 'CLEANUP_FAILED',
          message:
            'relay.call_method("jam"), which makes it safe to leave it, failed: the command ended with exit code 3',
          details: { driver: 'relay', method: 'call_method' },
        },
      ],
    })
    expect(await readFile(join(folder, 'journal'), 'utf8')).toBe('off port 2\noff \n')
  })

  test('makes no calls if the list is empty', async () => {
    const root = new CompositeDriver({ power: new PowerDriver() })
    await (await openSession(exporter(root, []))).close()
    expect(journal).toEqual(['close power'])
  })

  test('goes on past a call that fails or hangs, and names it', async () => {
    const root = new CompositeDriver({
      first: new PowerDriver(new Error('PDU does not answer')),
      second: new StuckPower(),
      third: new PowerDriver(),
    })
    const open = await openSession(exporter(root))
    await expect(open.close()).rejects.toMatchObject({
      errors: [
        {
          code: 'CLEANUP_FAILED',
          origin: 'lab',
          message: 'first.off, which makes it safe to leave it, failed: PDU does not answer',
          details: { driver: 'first', method: 'off' },
        },
        {
          message: expect.stringMatching(
            /^second\.off, which makes it safe to leave it, failed: it did not end within/,
          ),
        },
      ],
    })
    expect(journal).toEqual(['off', 'close power', 'close power', 'close power'])
  }, 20_000)

  test('also makes the calls when the session could not start', async () => {
    class Broken extends Driver {
      static readonly interface = Relay
      override reset() {
        throw new Error('no such device')
      }
    }
    const root = new CompositeDriver({ power: new PowerDriver(), broken: new Broken() })
    await expect(openSession(exporter(root))).rejects.toThrow('no such device')
    expect(journal).toEqual(['off', 'close power'])
  })
})

describe('safe in an exporter’s file', () => {
  const thermostat = fileURLToPath(new URL('../support/thermostat.ts', import.meta.url))
  const read = async (safe: string) => {
    const text = `
apiVersion: jumpstarter.dev/v1alpha1
kind: ExporterConfig
metadata: { name: lab }
safe: ${safe}
export:
  power: { type: jumpstarter_driver_power.driver.MockPower }
  echo: { type: jumpstarter_driver_network.driver.EchoNetwork }
  group: { children: { also: { ref: power } } }
  heater: { type: "${thermostat}#MockThermostat" }
  shell: { type: jumpstarter_driver_shell.driver.Shell, config: { methods: { "off": "true" } } }
`
    const file = readExporterFile(text, 'lab.yaml')
    await prepareTree(file, driverTypes)
    return file.config.safe
  }

  test('is a list of calls', async () => {
    expect(await read('[power.off, group.also.off]')).toEqual(['power.off', 'group.also.off'])
    expect(await read('[]')).toEqual([])
    expect(
      await read('[{ call: power.off }, { call: shell.call_method, args: [off, No, true, 3, [a], "on"] }]'),
    ).toEqual([
      { call: 'power.off', args: [] },
      { call: 'shell.call_method', args: ['off', 'No', true, 3, ['a'], 'on'] },
    ])
  })

  test.each([
    ['power.off', /safe \(line 5\) is a string; it has to be a list of texts/],
    ['[off]', /safe\.0 \(line 5\) is a boolean; it has to be a text/],
    ['[powr.off]', /safe\[0\] is 'powr\.off'; there is no driver 'powr' there/],
    [
      '[power.off, power.of, power.read]',
      /safe\[1\] is 'power\.of'; the driver has on, off\n.*safe\[2\] is 'power\.read'/,
    ],
    ['[{ call: power.of, args: [1] }]', /safe\[0\] is 'power\.of'; the driver has on, off, read/],
    [
      '[{ cal: power.off, args: 1 }]',
      /safe\.0\.cal .*is not a key.*\n.*safe\.0\.call is missing.*\n.*safe\.0\.args .* is a number; it has to be a list of arguments/,
    ],
    ['[{ call: heater.set_target, args: [hot] }]', /safe: heater\.set_target\("hot"\): argument 1 of set_target: /],
    ['[echo.connect]', /safe\[0\] is 'echo\.connect'; the driver has nothing that can be called/],
  ])('%s is a mistake', async (safe, message) => {
    await expect(read(safe)).rejects.toMatchObject({
      code: 'EXPORTER_CONFIG_INVALID',
      message: expect.stringMatching(message),
    })
  })
})

test('an interface cannot name a safe call that it does not have', () => {
  const define = (safe: string) =>
    defineInterface({ client: 'test.Safe', methods: { off: call(), read: streaming() }, safe })
  expect(define('off').safe).toBe('off')
  expect(() => define('of')).toThrow("'of', which makes a device of test.Safe safe, is not one of its calls")
  expect(() => define('read')).toThrow(TypeError)
})
