import { needs } from 'vitest-hardware'
import { SerialClient } from 'vitest-hardware/clients'
import { Metering } from './meter.ts'

const test = needs({ dut: { selector: 'bench=doomed', drivers: { console: SerialClient, meter: Metering } } })

test('exporter that dies under a console', async ({ dut }) => {
  await dut.meter.die()
  await dut.console.expect('never')
})
