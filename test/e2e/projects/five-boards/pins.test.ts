import { expect, needs } from 'vitest-hardware'
import { DigitalInputClient, PowerClient, SerialClient } from 'vitest-hardware/clients'

const test = needs({
  dut: { selector: 'pins=yes', drivers: { power: PowerClient, console: SerialClient, led: DigitalInputClient } },
})

test('the LED follows the commands', async ({ dut: { power, console, led } }) => {
  await power.cycle({ offMs: 0 })
  await console.expect('> ')
  expect(await led.read()).toBe(false)
  await console.sendLine('led on')
  await led.waitForActive()
  await console.sendLine('led off')
  await led.waitForInactive()
})
