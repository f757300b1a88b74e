import * as own from 'vitest-hardware'
import { expect, needs } from 'vitest-hardware'

import { HardwareError, MockPower, PowerClient } from './shared/index.ts'

const test = needs({ dut: { drivers: { power: PowerClient } } })

test('a client of another copy works, with the limits of the test', async ({ dut }) => {
  expect(HardwareError === own.HardwareError).toBe(false)
  await dut.power.on()
  expect(dut.power).toBeInstanceOf(own.DriverClient)
  const refused = dut.power.with({ signal: AbortSignal.abort() }).on()
  await expect(refused).rejects.toBeInstanceOf(HardwareError)
  await expect(refused).rejects.toBeInstanceOf(own.HardwareError)
})

test('a driver of another copy is served', async () => {
  await using power = await own.serve(new MockPower())
  await power.on()
})
