import { needs } from 'vitest-hardware'
import { Metering } from './meter.ts'

const test = needs({ dut: { selector: 'bench=meter', drivers: { meter: Metering } } })

test('service that is down', async ({ dut }) => {
  await dut.meter.measure()
})
