import { needs } from 'vitest-hardware'
import { PowerClient } from 'vitest-hardware/clients'

const test = needs({ dut: { selector: 'bench=steady', drivers: { power: PowerClient } } })

// V8 ends a process so that has no memory left; native addons do so when they fail.
test('aborts its worker', async ({ dut }) => {
  await dut.power.on()
  // Vitest tells what has begun and ended in batches.
  setTimeout(() => process.abort(), 1_500)
  await new Promise(() => {})
})
