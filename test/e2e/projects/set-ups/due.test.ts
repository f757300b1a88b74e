import { needs } from 'vitest-hardware'
import { Board } from '#board'

const test = needs({ dut: { selector: 'board=due', drivers: { board: Board } } })

test('marks', async ({ dut }) => {
  await dut.board.mark('due')
})

test('marks again', async ({ dut }) => {
  await dut.board.mark('due')
})
