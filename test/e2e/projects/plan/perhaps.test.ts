import { needs } from 'vitest-hardware'
import { Board } from '#board'

const test = process.env['ESP32']
  ? needs({ dut: { selector: 'board=esp32', drivers: { board: Board } } })
  : needs({ dut: { selector: 'board=due', drivers: { board: Board } } })

test('works', async ({ dut }) => {
  await dut.board.mark('perhaps')
})
