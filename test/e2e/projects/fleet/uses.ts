import { expect, needs } from 'vitest-hardware'
import { PowerClient, SerialClient } from 'vitest-hardware/clients'

const test = needs({ dut: { selector: 'kind=ours', drivers: { power: PowerClient, console: SerialClient } } })

test('reads the power', async ({ dut }) => {
  await dut.power.on()
  expect((await Array.fromAsync(dut.power.read())).length).toBeGreaterThan(0)
  await dut.power.off()
})

test('hears what it says', async ({ dut }) => {
  await dut.console.attach()
  await dut.console.send('x'.repeat(100_000))
  await dut.console.expect(/x{1000}/)
})
