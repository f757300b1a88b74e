import { needs } from 'vitest-hardware'
import { PowerClient, SerialClient } from 'vitest-hardware/clients'

const test = needs({ dut: { selector: 'bench=steady', drivers: { console: SerialClient, power: PowerClient } } })

test('passes before', async ({ dut }) => {
  await dut.power.on()
})

test('kills its worker', async ({ dut }) => {
  await dut.console.send('the last words\n')
  await dut.console.expect('words\n')
  void dut.console.expect('never')
  // Vitest tells what has begun and ended in batches.
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), 1_500)
  await new Promise(() => {})
})

test('does not run', async ({ dut }) => {
  await dut.power.off()
})
