import { needs } from 'vitest-hardware'
import { PowerClient, SerialClient } from 'vitest-hardware/clients'
import { Board } from '#board'

const drivers = { power: SerialClient, usb: { hub: PowerClient }, board: Board }
const test = needs({ dut: { selector: 'board=uno', drivers } })

test('mismatch', async ({ dut }) => {
  await dut.usb.hub.on()
})
