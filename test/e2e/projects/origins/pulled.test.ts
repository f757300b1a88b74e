import { needs } from 'vitest-hardware'
import { SerialClient } from 'vitest-hardware/clients'
import { control } from './control.ts'

const test = needs({ dut: { selector: 'bench=pulled', drivers: { console: SerialClient }, returnTimeoutMs: 500 } })

test('console that is pulled out', async ({ dut }) => {
  await dut.console.send('root\r')
  const waits = dut.console.expect('login: ', { timeoutMs: 10_000 })
  await control('unplug')
  await waits
})
