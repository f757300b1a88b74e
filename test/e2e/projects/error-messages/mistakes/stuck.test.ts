import { needs } from 'vitest-hardware'
import { PowerClient } from 'vitest-hardware/clients'

const test = needs({ dut: { selector: 'board=stuck', drivers: { power: PowerClient } } })

test('stuck', async ({ dut }) => {
  await dut.power.on()
})
