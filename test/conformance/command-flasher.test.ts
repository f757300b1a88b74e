import { describeFlasher } from '../../src/conformance/index.ts'
import { startStm32Board, stm32Image } from '../support/loaders/stm32-board.ts'
import { missingCommand } from '../support/system-part.ts'

// The tests of avrdude and esptool are in test/drivers/command-flasher: each of their runs takes a second.
describeFlasher(
  'CommandFlasher',
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
