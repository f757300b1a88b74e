import { needs } from 'vitest-hardware'
import { Metering } from './meter.ts'

const test = needs({ dut: { selector: 'bench=hooked', drivers: { meter: Metering } } })

test('hook that fails', async ({ dut }) => {
  await dut.meter.current()
})
