import { expect, needs } from 'vitest-hardware'
import { FlasherClient, PowerClient, SerialClient } from 'vitest-hardware/clients'

const drivers = { board: { power: PowerClient, console: SerialClient, flasher: FlasherClient } }
const test = needs({ dut: { selector: 'board=uno', drivers } })

test('adds', async ({ dut: { board } }) => {
  await board.flasher.flash('firmware/firmware.hex')
  await board.power.on()
  await board.console.expect('> ')
  await board.console.sendLine('sum 40 2')
  await expect(board.console).toPrint('42')
})
