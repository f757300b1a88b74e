import { describeFlasher } from '../../src/conformance/index.ts'
import { appAddress, esp32Image, missingEsptool, startEsp32Board } from '../support/loaders/esp32-board.ts'
import { startStm32Board, stm32Image } from '../support/loaders/stm32-board.ts'
import { missingCommand } from '../support/system-part.ts'

// The tests of avrdude are in test/drivers/command-flasher: each of its runs takes a second.
describeFlasher(
  'CommandFlasher (stm32flash)',
  async () => {
    const { board, flasher } = await startStm32Board()
    return { ...board, driver: flasher() }
  },
  {
    against: 'stm32flash, and a model of the loader of an STM32',
    skip: missingCommand('stm32flash', 'socat'),
    image: stm32Image,
    badImage: Buffer.from('\x7fELF'),
    isSame: (image, dump) => dump.length > image.length && Buffer.from(dump).subarray(0, image.length).equals(image),
  },
)

describeFlasher(
  'CommandFlasher (esptool)',
  async () => {
    const { board, flasher } = await startEsp32Board()
    return { ...board, driver: flasher() }
  },
  {
    against: 'esptool, and a model of the loader of an ESP32',
    skip: missingEsptool() ?? missingCommand('socat'),
    image: esp32Image,
    badImage: Buffer.from('\x7fELF'),
    isSame: (image, dump) =>
      Buffer.from(dump)
        .subarray(appAddress, appAddress + image.length)
        .equals(image),
  },
)
