import { needs } from 'vitest-hardware'
import { SerialClient } from 'vitest-hardware/clients'

const test = needs({ dut: { selector: 'bench=panics', drivers: { console: SerialClient } } })

test('panic', async ({ dut }) => {
  await dut.console.expect('login: ', { timeoutMs: 4_000 })
})
