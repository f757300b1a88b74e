import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'

import { Driver, DriverClient, HardwareError, serve } from '../src/index.ts'
import { MockThermostat, Thermostat, ThermostatClient } from './support/thermostat.ts'

describe('calls', () => {
  test('synchronous and asynchronous methods answer alike', async () => {
    await using thermostat = await serve(new MockThermostat())
    expect(await thermostat.query('test')).toBe('Response for test')
    const started = performance.now()
    expect(await thermostat.asyncQuery('async test')).toBe('Async response for async test')
    expect(performance.now() - started).toBeGreaterThan(900)
  })

  test('a generator gives its records, transformed by the schema on the client only', async () => {
    await using thermostat = await serve(new MockThermostat())
    const records = await Array.fromAsync(thermostat.readings())
    expect(records).toEqual([
      { celsius: 21, at: new Date('2023-04-01') },
      { celsius: 22, at: new Date('2023-04-02') },
      { celsius: 23, at: new Date('2023-04-03') },
    ])
  })

  test('leaving a loop ends the generator of the driver', async () => {
    const driver = new MockThermostat()
    await using thermostat = await serve(driver)
    const seen: number[] = []
    for await (const n of thermostat.counter(5)) {
      seen.push(n)
      if (seen.length === 100) break
    }
    expect(seen.at(-1)).toBe(104)
    await expect.poll(() => driver.events).toContain('counter closed')
  })

  test('a hundred at once', async () => {
    await using thermostat = await serve(new MockThermostat())
    const answers = await Promise.all(Array.from({ length: 100 }, (_, n) => thermostat.query(String(n))))
    expect(answers).toEqual(Array.from({ length: 100 }, (_, n) => `Response for ${n}`))
  })

  test('a signal cancels the call, and a time limit ends it', async () => {
    await using thermostat = await serve(new MockThermostat())
    const slow = thermostat.with({ signal: AbortSignal.timeout(50) }).asyncQuery('x')
    await expect(slow).rejects.toMatchObject({ code: 'CALL_CANCELLED', cancelled: true })
    const limited = thermostat.with({ timeoutMs: 50 }).asyncQuery('x')
    await expect(limited).rejects.toMatchObject({
      code: 'CALL_TIMEOUT',
      timedOut: true,
      details: { method: 'async_query', limitMs: 50 },
    })
  })
})

describe('byte streams', () => {
  test('carry bytes both ways, and half-close', async () => {
    await using thermostat = await serve(new MockThermostat())
    const stream = await thermostat.console()
    stream.write('hello ')
    stream.end('world')
    expect(await text(stream)).toBe('HELLO WORLD')
  })

  test('twenty at once', async () => {
    await using thermostat = await serve(new MockThermostat())
    const echoes = Array.from({ length: 20 }, async (_, n) => {
      const stream = await thermostat.console()
      stream.end(`stream ${n}`)
      return text(stream)
    })
    expect(await Promise.all(echoes)).toEqual(Array.from({ length: 20 }, (_, n) => `STREAM ${n}`))
  })
})

describe('errors', () => {
  test('unknown, unexported and missing methods', async () => {
    await using thermostat = await serve(new MockThermostat(), { client: DriverClient })
    await expect(thermostat.call('nothing')).rejects.toMatchObject({ code: 'METHOD_NOT_FOUND' })
    await expect(thermostat.call('reset')).rejects.toThrow('method reset not found on driver')
    await expect(thermostat.call('readings')).rejects.toThrow('method readings missing marker marker_drivercall')
    await expect(thermostat.streamingCall('query', 'x').next()).rejects.toThrow(
      'method query missing marker marker_streamingdrivercall',
    )
    await expect(thermostat.stream('query')).rejects.toThrow('method query missing marker marker_streamcall')
    await expect(thermostat.call('not_there')).rejects.toMatchObject({
      code: 'NOT_IMPLEMENTED',
      message: 'not_there: MockThermostat does not implement missing() of example.ThermostatClient',
    })
  })

  test('a schema violation names the argument, on the side that sees it first', async () => {
    await using thermostat = await serve(new MockThermostat())
    await expect(thermostat.setTarget(99)).rejects.toMatchObject({
      code: 'ARGUMENT_INVALID',
      origin: 'test',
      message: expect.stringMatching(/^argument 1 of setTarget: .*30/),
      details: { method: 'set_target', address: thermostat.node.channel.address },
    })
    await using raw = await serve(new MockThermostat(), { client: DriverClient })
    await expect(raw.call('set_target', 99)).rejects.toMatchObject({
      code: 'ARGUMENT_INVALID',
      message: expect.stringMatching(/argument 1 of set_target: .*30/),
    })
    await expect(raw.call('set_target', 21, 'C', 3)).rejects.toThrow('set_target takes 2 argument(s), not 3')
  })

  test("a driver's error arrives with its message and its class", async () => {
    await using thermostat = await serve(new MockThermostat())
    const error = await thermostat.fail('own').catch((failure: unknown) => failure)
    expect(error).toBeInstanceOf(HardwareError)
    expect(error).toMatchObject({
      code: 'CALL_FAILED',
      origin: 'board',
      message: 'fail: boom ☂',
      cause: { name: 'SensorError', message: 'boom ☂' },
      details: { method: 'fail', address: thermostat.node.channel.address },
    })
    await expect(thermostat.fail('range')).rejects.toMatchObject({
      code: 'ARGUMENT_INVALID',
      cause: { name: 'RangeError' },
    })
    await expect(thermostat.fail('timeout')).rejects.toMatchObject({ code: 'CALL_TIMEOUT' })
    await expect(thermostat.fail('system')).rejects.toMatchObject({ code: 'DEVICE_IO', origin: 'lab' })
  })
})

test('null from a Python client means left out', async () => {
  const driver = new MockThermostat()
  await using thermostat = await serve(driver, { client: DriverClient })
  await thermostat.call('set_target', 21, null)
  expect(driver.unit).toBe('C')
})

test('a class of the user is the client, over TCP too', async () => {
  await using thermostat = await serve(new MockThermostat(), { client: ThermostatClient, transport: 'tcp' })
  expect(thermostat).toBeInstanceOf(ThermostatClient)
  expect(thermostat.node.channel.address).toMatch(/^127\.0\.0\.1:\d+$/)
  expect(await thermostat.query('tcp')).toBe('Response for tcp')
})

test('drivers are reset first and closed last', async () => {
  const driver = new MockThermostat()
  const thermostat = await serve(driver)
  expect(driver.events).toEqual(['reset'])
  await thermostat[Symbol.asyncDispose]()
  await thermostat[Symbol.asyncDispose]()
  expect(driver.events).toEqual(['reset', 'close'])
})

test('a signal ends the wait for a driver that is reset, and the driver is closed', async () => {
  const events: string[] = []
  class StuckThermostat extends Driver {
    static readonly interface = Thermostat
    override async reset(): Promise<void> {
      await new Promise(() => undefined)
    }
    override close(): void {
      events.push('close')
    }
  }
  const controller = new AbortController()
  const serving = serve(new StuckThermostat(), { signal: controller.signal })
  const reason = new Error('enough')
  setTimeout(() => controller.abort(reason), 50)
  await expect(serving).rejects.toMatchObject({
    code: 'CALL_CANCELLED',
    message: 'The start of the session was cancelled (enough)',
    cause: reason,
  })
  expect(events).toEqual(['close'])
  await expect(serve(new MockThermostat(), { signal: AbortSignal.abort(reason) })).rejects.toMatchObject({
    code: 'CALL_CANCELLED',
    cause: reason,
  })
})
