import { needs } from 'vitest-hardware'
import { PowerClient } from 'vitest-hardware/clients'

const test = needs({ dut: { selector: 'bench=a b', drivers: { power: PowerClient } } })

test('mistake in a selector', async ({ dut }) => {
  await dut.power.on()
})
