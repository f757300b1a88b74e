import { fileURLToPath } from 'node:url'
import { describe } from 'vitest'
import { expect, needs } from 'vitest-hardware'
import {
  DigitalInputClient,
  DigitalOutputClient,
  FlasherClient,
  SerialClient,
  VirtualPowerClient,
} from 'vitest-hardware/clients'

const test = needs({
  dut: {
    selector: 'board=uno',
    drivers: {
      board: {
        power: VirtualPowerClient,
        console: SerialClient,
        flasher: FlasherClient,
        gpio: { D13: DigitalInputClient, D2: DigitalOutputClient },
      },
    },
  },
})

const greeting = /demo firmware 1\.0, start (\d+)\r\n> /
const firmware = fileURLToPath(new URL('../firmware/firmware.hex', import.meta.url))

// The time to lease and flash the board does not count for the first test.
test.beforeAll(async ({ dut }) => {
  await dut.board.flasher.flash(firmware)
})

// Every test starts after a power cycle and after the greeting.
test.beforeEach(async ({ dut }) => {
  await dut.board.power.cycle({ offMs: 0 })
  await dut.board.console.expect(greeting)
})

describe('console', () => {
  test('greets and counts its starts', async ({ dut: { board } }) => {
    const starts: number[] = []
    for (let n = 0; n < 3; n++) {
      await board.power.cycle({ offMs: 0 })
      const { captures } = await board.console.expect(greeting)
      starts.push(Number(captures[0]))
    }
    const [first = 0] = starts
    expect(starts).toEqual([first, first + 1, first + 2])
  })

  test('adds', async ({ dut: { board } }) => {
    await board.console.sendLine('sum 40 2')
    await expect(board.console).toPrint(/^42\r?$/)
  })

  test('echoes an unknown line', async ({ dut: { board } }) => {
    await board.console.sendLine('hello')
    await expect(board.console).toPrint('echo: hello')
  })
})

describe('pins', () => {
  test('the LED follows the commands', async ({ dut: { board } }) => {
    await board.console.sendLine('led on')
    await board.gpio.D13.waitForActive()
    await board.console.sendLine('led off')
    await board.gpio.D13.waitForInactive()
  })

  test('the firmware sees the button', async ({ dut: { board } }) => {
    await board.gpio.D2.on()
    await board.console.sendLine('button read')
    await expect(board.console).toPrint('pressed')
    await board.gpio.D2.off()
    await board.console.sendLine('button read')
    await expect(board.console).toPrint('released')
  })
})
