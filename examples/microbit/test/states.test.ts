import { expect, needs } from 'vitest-hardware'
import { QemuClient } from 'vitest-hardware/clients'

// The client of the whole board has what only a simulated one can do, and its power and console besides.
const test = needs({ dut: { selector: 'board=microbit', drivers: { board: QemuClient } } })

test('counts its starts over resets', async ({ dut: { board } }) => {
  await board.power.on()
  await board.console.expect('start 1\r\n> ')
  for (let start = 2; start <= 10; start++) {
    await board.reset()
    await board.console.expect(`start ${start}\r\n> `)
  }
})

test('comes back to a state', async ({ dut: { board } }) => {
  await board.power.cycle({ offMs: 0 })
  await board.console.expect('start 1\r\n> ')
  await board.saveSnapshot('started')
  for (let n = 0; n < 5; n++) {
    // The next start is the second each time, because the count comes back with the memory.
    await board.loadSnapshot('started')
    await board.reset()
    await board.console.expect('start 2\r\n> ')
  }
  expect(await board.listSnapshots()).toMatchObject([{ name: 'started' }])
})
