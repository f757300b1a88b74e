import { existsSync, writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { needs } from 'vitest-hardware'
import { PowerClient, SerialClient } from 'vitest-hardware/clients'

const selector = process.env['FLEET_SELECTOR'] ?? ''
const test = needs({ dut: { selector, drivers: { power: PowerClient, console: SerialClient } } })

test('uses its board until it is told that this is enough', { timeout: 240_000 }, async ({ dut }) => {
  await dut.power.on()
  await dut.console.attach()
  writeFileSync('ready', '')
  let calls = 0
  let longestMs = 0
  while (!existsSync('enough')) {
    const begin = performance.now()
    await dut.power.on()
    longestMs = Math.max(longestMs, performance.now() - begin)
    calls++
    await delay(100)
  }
  await dut.console.send('still here\n')
  await dut.console.expect('still here')
  console.log(`${calls} calls, the longest ${Math.round(longestMs)} ms`)
})
