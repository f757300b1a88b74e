import { needs } from 'vitest-hardware'
import { SerialClient } from 'vitest-hardware/clients'

const test = needs({ dut: { selector: 'bench=busy', drivers: { console: SerialClient } } })

test('port that another program uses', async ({ dut }) => {
  await dut.console.expect('login: ', { timeoutMs: 2_000 })
})
