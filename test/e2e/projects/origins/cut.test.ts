import { needs } from 'vitest-hardware'
import { PowerClient, SerialClient } from 'vitest-hardware/clients'
import { control } from './control.ts'

const test = needs({ dut: { selector: 'bench=cut', drivers: { console: SerialClient, power: PowerClient } } })

test('link that is cut', async ({ dut }) => {
  await dut.power.on()
  await control('cut')
  await dut.power.off()
})
