import { needs } from 'vitest-hardware'
import { PowerClient } from 'vitest-hardware/clients'

const test = needs({ dut: { selector: 'bench=meter', drivers: { power: PowerClient } } })

test('driver that the exporter lacks', async ({ dut }) => {
  await dut.power.on()
})
