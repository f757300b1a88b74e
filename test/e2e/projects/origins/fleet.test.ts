import { needs } from 'vitest-hardware'
import { PowerClient, SerialClient } from 'vitest-hardware/clients'
import { control } from './control.ts'

const test = needs({ dut: { selector: 'fleet=yes', drivers: { console: SerialClient, power: PowerClient } } })

test('router that is cut', async ({ dut }) => {
  await dut.power.on()
  await control('router')
  await dut.power.with({ timeoutMs: 1_000 }).off()
})

test('lease that is ended', async ({ dut }) => {
  await dut.power.with({ timeoutMs: 20_000 }).on()
  const waits = dut.console.expect('login: ', { timeoutMs: 30_000 })
  await control('end lease')
  await waits
})
