import { needs } from 'vitest-hardware'
import { PowerClient, SerialClient } from 'vitest-hardware/clients'

const test = needs({ dut: { selector: 'bench=far', drivers: { console: SerialClient, power: PowerClient } } })

test('slow link', async ({ dut }) => {
  await dut.console.send('login: ')
  await dut.console.expect('login: ', { timeoutMs: 500 })
})

test('slow link of a call', async ({ dut }) => {
  await dut.power.with({ timeoutMs: 300 }).on()
})
