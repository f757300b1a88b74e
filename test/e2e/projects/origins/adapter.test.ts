import { needs } from 'vitest-hardware'
import { SerialClient } from 'vitest-hardware/clients'

const test = needs({ dut: { selector: 'bench=adapter', drivers: { console: SerialClient } } })

test('unplugged adapter', async ({ dut }) => {
  await dut.console.expect('never')
})
