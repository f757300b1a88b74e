import { needs } from 'vitest-hardware'
import { PowerClient } from 'vitest-hardware/clients'

const test = needs({ dut: { selector: 'bench=guarded', drivers: { power: PowerClient } } })

test('wrong passphrase', async ({ dut }) => {
  await dut.power.on()
})
