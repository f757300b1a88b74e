import { needs } from 'vitest-hardware'
import { PowerClient, SerialClient } from 'vitest-hardware/clients'

const test = needs({ dut: { selector: 'board=virt', drivers: { power: PowerClient, console: SerialClient } } })

test('boots to a login', { timeout: 40_000 }, async ({ dut }) => {
  await dut.power.on()
  for await (const reading of dut.power.read()) void reading
  await dut.console.sendLine('version')
  await dut.console.expect(/U-Boot (\S+)\n/)
  await dut.console.sendLine('boot')
  await dut.console.expect('login: ', { timeoutMs: 30_000 })
})
