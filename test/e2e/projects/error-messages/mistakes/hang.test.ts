import { needs } from 'vitest-hardware'
import { Board } from '#board'

const test = needs({ dut: { selector: 'board=uno', drivers: { board: Board } } })

test('hang', { timeout: 500 }, async ({ dut }) => {
  await dut.board.hang()
})
