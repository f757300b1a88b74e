import { expect, needs } from 'vitest-hardware'
import { PowerClient, SerialClient } from 'vitest-hardware/clients'

const test = needs({ dut: { drivers: { power: PowerClient, console: SerialClient } } })

const greeting = /demo.* 1\.0, start \d+\r\n> /

// A container takes seconds to start on a busy machine.
test('greets after each power cycle', { timeout: 60_000 }, async ({ dut: { power, console } }) => {
  for (let cycle = 0; cycle < 3; cycle++) {
    await power.cycle({ offMs: 0 })
    await console.expect(greeting)
  }
})

test('carries out a command', { timeout: 60_000 }, async ({ dut: { power, console } }) => {
  await power.cycle({ offMs: 0 })
  await console.expect(greeting)
  await console.sendLine('led on')
  await expect(console).toPrint(/ok\r\n/)
})
