import { performance } from 'node:perf_hooks'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { PowerClient, SerialClient } from '../../src/clients/index.ts'
import { MockPower, PySerial } from '../../src/drivers/index.ts'
import { call, defineInterface, Driver, type Implementation, serve } from '../../src/index.ts'

const realNow = performance.now.bind(performance)

const Slow = defineInterface({
  client: 'test.SlowClient',
  methods: { hang: call<() => void>(), answer: call<() => string>() },
})
class SlowDriver extends Driver implements Implementation<typeof Slow> {
  static readonly interface = Slow
  async hang() {
    await new Promise<never>(() => {})
  }
  answer() {
    return 'yes'
  }
}

// A test that stops the time of its own code, at any date.
beforeEach(({ task }) => {
  vi.useFakeTimers({ now: task.name.includes('future') ? new Date('2100-01-01') : new Date('2001-01-01') })
})
afterEach(() => {
  vi.useRealTimers()
})

test.each(['past', 'future'])('a console finds what is printed, and its waits end, in the %s', async () => {
  await using serial = await serve(new PySerial({ url: 'loop://' }), { client: SerialClient })
  const began = realNow()
  await serial.sendLine('U-Boot 2026')
  const match = await serial.expect(/\d+/, { timeoutMs: 20_000 })
  expect(match.captures).toEqual([])
  expect(match.text).toBe('2026')
  expect(match.waitedMs).toBeGreaterThanOrEqual(0)
  expect(match.time).toBeGreaterThan(new Date('2026-01-01').getTime())
  expect(match.time).toBeLessThan(new Date('2099-01-01').getTime())
  await serial.sendLine('=> ')
  await serial.expect(/=> .*$/, { timeoutMs: 20_000 })
  await expect(serial.expect('never', { timeoutMs: 50 })).rejects.toMatchObject({ code: 'CONSOLE_TIMEOUT' })
  expect(realNow() - began).toBeLessThan(10_000)
})

test.each(['past', 'future'])('calls are answered, and end at their limits, in the %s', async () => {
  await using slow = await serve(new SlowDriver())
  expect(await slow.answer()).toBe('yes')
  const began = realNow()
  await expect(slow.with({ timeoutMs: 200 }).hang()).rejects.toMatchObject({ code: 'CALL_TIMEOUT' })
  expect(realNow() - began).toBeLessThan(10_000)
  expect(await slow.answer()).toBe('yes')
})

test('clients wait in real time', async () => {
  await using power = await serve(new MockPower(), { client: PowerClient })
  const began = realNow()
  await power.cycle({ offMs: 50 })
  expect(realNow() - began).toBeGreaterThanOrEqual(49)
})
