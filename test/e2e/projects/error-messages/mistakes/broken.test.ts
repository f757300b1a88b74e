import { needs } from 'vitest-hardware'
import { PowerClient } from 'vitest-hardware/clients'

const test = needs({ dut: { selector: 'board=broken', drivers: { power: PowerClient } } })

test('broken', async ({ dut }) => {
  await dut.power.on()
})
