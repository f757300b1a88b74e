import { expect, needs } from 'vitest-hardware'
import { QemuClient } from 'vitest-hardware/clients'

// The client of the whole board has the methods of a simulated board, and the clients of its power and console.
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
    // The next start is number 2 each time, because the snapshot restores the count with the memory.
    await board.loadSnapshot('started')
    await board.reset()
    await board.console.expect('start 2\r\n> ')
  }
  expect(await board.listSnapshots()).toMatchObject([{ name: 'started' }])
})
