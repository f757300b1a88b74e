import { needs } from 'vitest-hardware'
import { PowerClient } from 'vitest-hardware/clients'

const test = needs({ dut: { drivers: { power: PowerClient } } })

test('does not run', async ({ dut }) => {
  await dut.power.on()
})
