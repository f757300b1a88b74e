import { needs } from 'vitest-hardware'
import { PowerClient } from 'vitest-hardware/clients'

const test = needs({ dut: { selector: 'bench=nowhere', drivers: { power: PowerClient } } })

test('board that the lab does not have', async ({ dut }) => {
  await dut.power.on()
})
