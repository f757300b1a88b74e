import { once } from 'node:events'
import { SerialPort } from 'serialport'
import { assert, describe, expect, test, vi } from 'vitest'

import { ScpiPowerSupplyClient } from '../../src/clients/drivers/scpi-power-supply-client.ts'
import { describeDriver, describePower } from '../../src/conformance/index.ts'
import {
  ScpiInstrument,
  ScpiPowerSupply,
  type ScpiConfig,
  type ScpiPowerSupplyConfig,
} from '../../src/drivers/index.ts'
import { serve } from '../../src/index.ts'
import { ScpiInstrument as Instrument } from '../../src/interfaces/index.ts'
import { createPtyPair } from '../support/pty-pair.ts'
import { needsCommand } from '../support/system-part.ts'
import { ScpiSupply, serveScpi } from './support/scpi-supply.ts'

/** A supply, its address, and a client for it as an instrument. */
async function startInstrument(config: Partial<ScpiConfig> = {}) {
  const supply = new ScpiSupply()
  const server = await serveScpi(supply)
  const instrument = await serve(new ScpiInstrument({ url: server.url, ...config }))
  return {
    supply,
    server,
    instrument,
    async [Symbol.asyncDispose]() {
      await instrument[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}

async function startSupply(config: Partial<ScpiPowerSupplyConfig> = {}) {
  const supply = new ScpiSupply()
  const server = await serveScpi(supply)
  const power = await serve(new ScpiPowerSupply({ url: server.url, ...config }), { client: ScpiPowerSupplyClient })
  return {
    supply,
    server,
    power,
    async [Symbol.asyncDispose]() {
      await power[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}

describe('an instrument', () => {
  test('answers queries, and gets commands', async () => {
    await using peers = await startInstrument()
    const { instrument, supply } = peers
    expect(await instrument.query('*IDN?')).toBe('Example,PSU-2,SN0001,1.0')
    await instrument.write('VOLT 5;:CURR 0.5')
    expect(await instrument.query('VOLT?;:CURR?')).toBe('+5.000000E+00;+5.000000E-01')
    expect(supply.messages).toEqual([
      '*CLS',
      '*IDN?',
      'SYST:ERR?',
      'VOLT 5;:CURR 0.5',
      'SYST:ERR?',
      'VOLT?;:CURR?',
      'SYST:ERR?',
    ])
  })

  test('has questions in texts that are no queries', async () => {
    await using peers = await startInstrument()
    await peers.instrument.write('DISP:TEXT "on; really?"')
    expect(await peers.instrument.query('DISP:TEXT?')).toBe('"on; really?"')
  })

  test('that refuses a command fails it with all entries of the queue, and goes on', async () => {
    await using peers = await startInstrument({ timeout: 1 })
    const { instrument, supply } = peers
    await expect(instrument.write('VOLT 50')).rejects.toMatchObject({
      code: 'ARGUMENT_INVALID',
      origin: 'test',
      message: expect.stringMatching(/answers 'VOLT 50' with: -222 Data out of range$/),
    })
    supply.errors.push([42, 'Fan is loud'], [-310, 'System error'])
    await expect(instrument.write('VOLT 5')).rejects.toMatchObject({
      code: 'DEVICE_IO',
      origin: 'board',
      message: expect.stringContaining('with: 42 Fan is loud; -310 System error'),
    })
    // A query without an answer.
    await expect(instrument.query('FETC?')).rejects.toMatchObject({
      code: 'ARGUMENT_INVALID',
      message: expect.stringContaining("answers 'FETC?' with: -113 Undefined header"),
    })
    expect(await instrument.query('*OPC?')).toBe('1')
    supply.errors.push([7, 'Calibration is due'])
    expect(await instrument.readErrors()).toEqual([{ code: 7, message: 'Calibration is due' }])
    expect(await instrument.readErrors()).toEqual([])
  })

  test('is not blamed for the errors of an earlier user', async () => {
    await using peers = await startInstrument()
    peers.supply.errors.push([-113, 'Undefined header'])
    await peers.instrument.write('VOLT 5')
  })

  test.each([
    ['query', 'VOLT 5', 'has no answer; use write()'],
    ['write', 'VOLT?', 'has an answer; use query()'],
    ['write', 'VOLT 5\nOUTP ON', 'is not one line of printable ASCII characters'],
    ['query', ' ', 'is not one line of printable ASCII characters'],
    ['write', 'VOLT 5 µV', 'is not one line of printable ASCII characters'],
  ] as const)('%s refuses %j', async (method, command, message) => {
    await using peers = await startInstrument()
    await expect(peers.instrument[method](command)).rejects.toMatchObject({
      code: 'ARGUMENT_INVALID',
      message: expect.stringContaining(message),
    })
    expect(peers.supply.messages).toEqual([])
  })

  test('may be slow, and answer in pieces', async () => {
    await using peers = await startInstrument()
    peers.supply.delayMs = 100
    peers.supply.isSplit = true
    expect(await peers.instrument.query('*IDN?')).toBe('Example,PSU-2,SN0001,1.0')
  })

  test('that is too slow is a CALL_TIMEOUT, and its late answer is not taken for another', async () => {
    await using peers = await startInstrument({ timeout: 1 })
    const { instrument, supply } = peers
    supply.delayMs = 3_000
    await expect(instrument.query('*IDN?')).rejects.toMatchObject({
      code: 'CALL_TIMEOUT',
      origin: 'board',
      message: expect.stringContaining('did not end within 1000 ms'),
    })
    supply.delayMs = 0
    expect(await instrument.query('*OPC?')).toBe('1')
  })

  test('that talks nonsense is told, and works when it has come to its senses', async () => {
    await using peers = await startInstrument()
    peers.supply.noise = '\x00\xff~~'
    await expect(peers.instrument.write('VOLT 5')).rejects.toMatchObject({
      code: 'RESULT_INVALID',
      message: expect.stringContaining("'SYST:ERR?' with"),
    })
    peers.supply.noise = ''
    await peers.instrument.write('VOLT 5')
  })

  test('without a queue of errors is not asked for it', async () => {
    await using peers = await startInstrument({ check_errors: false, line_end: 'crlf' })
    await peers.instrument.write('VOLT 5')
    expect(await peers.instrument.query('VOLT?')).toBe('+5.000000E+00')
    expect(peers.supply.messages).toEqual(['VOLT 5', 'VOLT?'])
  })

  test('that goes in mid-call is an error of the lab', async () => {
    await using peers = await startInstrument({ timeout: 60 })
    const { instrument, server, supply } = peers
    supply.isMute = true
    const failure = instrument.query('*IDN?').catch((error: unknown) => error)
    await vi.waitUntil(() => supply.messages.includes('*IDN?'))
    await server[Symbol.asyncDispose]()
    expect(await failure).toMatchObject({ code: 'DEVICE_IO', origin: 'lab' })
  })

  test('may be on a serial line', async ({ skip }) => {
    needsCommand('socat', skip)
    await using line = await createPtyPair()
    const port = new SerialPort({ path: line.devicePath, baudRate: 9600 })
    await once(port, 'open')
    const supply = new ScpiSupply()
    supply.connect(port)
    await using instrument = await serve(new ScpiInstrument({ url: line.port, baudrate: 115_200 }))
    await instrument.write('VOLT 3.3')
    expect(await instrument.query('VOLT?')).toBe('+3.300000E+00')
    supply.isMute = true
    const failure = instrument.query('*IDN?').catch((error: unknown) => error)
    await vi.waitUntil(() => supply.messages.includes('*IDN?'))
    const closed = once(port, 'close')
    await line.unplug()
    await closed
    expect(await failure).toMatchObject({ code: 'DEVICE_IO', origin: 'lab' })
  })
})

describe('a power supply', () => {
  test('gets the set points of the config before it is switched on', async () => {
    await using peers = await startSupply({ voltage: 5, current: 1.5, overvoltage: 5.5 })
    const { power, supply } = peers
    await power.on()
    expect(supply.messages.filter((message) => message !== 'SYST:ERR?')).toEqual([
      '*CLS',
      'VOLT:PROT 5.5',
      'CURR 1.5',
      'VOLT 5',
      'OUTP ON',
    ])
    expect(await Array.fromAsync(power.read())).toEqual([{ voltage: 5, current: 0.5 }])
    await power.off()
    expect(await Array.fromAsync(power.read())).toEqual([{ voltage: 0, current: 0 }])
  })

  test('keeps what a test sets, until the next session', async () => {
    await using peers = await startSupply({ voltage: 5 })
    const { power, supply, server } = peers
    await power.on()
    await power.setVoltage(3.3)
    await power.setCurrent(0.25)
    await power.setOvervoltageProtection(4)
    await power.cycle({ offMs: 0 })
    expect(await power.settings()).toEqual({ voltage: 3.3, current: 0.25 })
    expect(supply.outputs[0]).toEqual({ voltage: 3.3, current: 0.25, protection: 4, isOn: true })
    await using next = await serve(new ScpiPowerSupply({ url: server.url, voltage: 5 }), {
      client: ScpiPowerSupplyClient,
    })
    await next.on()
    expect(supply.outputs[0]?.voltage).toBe(5)
  })

  test('has channels that several drivers use at once', async () => {
    await using peers = await startSupply({ channel: 2, voltage: 12 })
    const { power, supply, server } = peers
    await using first = await serve(new ScpiPowerSupply({ url: server.url, channel: 1, voltage: 5 }), {
      client: ScpiPowerSupplyClient,
    })
    for (let round = 0; round < 5; round++) await Promise.all([power.on(), first.on(), power.settings(), first.off()])
    expect(await power.settings()).toEqual({ voltage: 12, current: 3 })
    expect(supply.outputs.map(({ voltage, isOn }) => [voltage, isOn])).toEqual([
      [5, false],
      [12, true],
    ])
  })

  test('refuses values that it cannot have', async () => {
    await using peers = await startSupply()
    await expect(peers.power.setVoltage(31)).rejects.toMatchObject({
      code: 'ARGUMENT_INVALID',
      message: expect.stringContaining("answers 'VOLT 31' with: -222 Data out of range"),
    })
    for (const wrong of [-1, Number.NaN, '5' as unknown as number]) {
      await expect(peers.power.setVoltage(wrong)).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
    }
  })

  test('without the channel of the config is a mistake of the lab', async () => {
    await using peers = await startSupply({ channel: 3 })
    await expect(peers.power.on()).rejects.toMatchObject({
      code: 'DEVICE_IO',
      origin: 'lab',
      message: expect.stringContaining("answers 'INST:NSEL 3;:OUTP ON' with: -222 Data out of range"),
    })
  })
})

const against = 'a simulated supply with the queue of errors of SCPI-99'

describePower('ScpiPowerSupply', () => createTested((url) => new ScpiPowerSupply({ url, voltage: 5 })), { against })

describeDriver('ScpiInstrument', () => createTested((url) => new ScpiInstrument({ url })), {
  against,
  kind: 'instrument',
  interface: Instrument,
  async use(instrument) {
    await instrument.write('VOLT 5')
    assert.equal(await instrument.query('VOLT?'), '+5.000000E+00')
  },
  badCalls: [
    ['query', 7],
    ['write', 'VOLT 50'],
  ],
})

async function createTested(createDriver: (url: string) => ScpiInstrument | ScpiPowerSupply) {
  const supply = new ScpiSupply()
  let server = await serveScpi(supply)
  const { port, url } = server
  return {
    driver: createDriver(url),
    isOn: () => supply.outputs[0]?.isOn === true,
    interrupt: () => server[Symbol.asyncDispose](),
    async restore() {
      server = await serveScpi(supply, port)
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}
