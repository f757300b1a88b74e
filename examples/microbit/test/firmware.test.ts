import { describe } from 'vitest'
import { expect, needs } from 'vitest-hardware'
import { DigitalInputClient, DigitalOutputClient, SerialClient, VirtualPowerClient } from 'vitest-hardware/clients'

const test = needs({
  dut: {
    selector: 'board=microbit',
    drivers: {
      board: {
        power: VirtualPowerClient,
        console: SerialClient,
        gpio: { button_a: DigitalOutputClient, button_b: DigitalOutputClient, led: DigitalInputClient },
      },
    },
  },
})

const greeting = /microbit-demo (\S+), start (\d+)\r\n> /

// Every test starts after a power cycle and after the greeting, with no button pressed.
test.beforeEach(async ({ dut: { board } }) => {
  await board.gpio.button_a.off()
  await board.gpio.button_b.off()
  await board.power.cycle({ offMs: 0 })
  await board.console.expect(greeting)
})

describe('console', () => {
  test('forgets its starts without power', async ({ dut: { board } }) => {
    for (let n = 0; n < 5; n++) {
      await board.power.cycle({ offMs: 0 })
      const { captures } = await board.console.expect(greeting)
      expect(captures).toEqual(['1.0', '1'])
    }
  })

  test('says its version', async ({ dut: { board } }) => {
    await board.console.sendLine('version')
    await expect(board.console).toPrint('microbit-demo 1.0')
  })

  test('says what it does not know', async ({ dut: { board } }) => {
    await board.console.sendLine('sing')
    await expect(board.console).toPrint('unknown: sing')
  })
})

describe('pins', () => {
  test('the LED follows the commands', async ({ dut: { board } }) => {
    expect(await board.gpio.led.read()).toBe(false)
    await board.console.sendLine('led on')
    await board.gpio.led.waitForActive()
    await board.console.sendLine('led off')
    await board.gpio.led.waitForInactive()
  })

  test('the firmware sees each button', async ({ dut: { board } }) => {
    await board.gpio.button_a.on()
    await board.console.sendLine('buttons')
    await expect(board.console).toPrint('a pressed, b released')
    await board.gpio.button_b.on()
    await board.gpio.button_a.off()
    await board.console.sendLine('buttons')
    await expect(board.console).toPrint('a released, b pressed')
  })
})
