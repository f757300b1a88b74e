import { needs } from 'vitest-hardware'
import { PowerClient } from 'vitest-hardware/clients'

const test = needs({ dut: { selector: 'board=esp32,usb', drivers: { power: PowerClient } } })
const other = needs({ dut: { selector: 'board=uno', drivers: { power: PowerClient } } })

test('missing', async ({ dut }) => {
  await dut.power.on()
})

other('has its own', async ({ dut }) => {
  await dut.power.on()
})
