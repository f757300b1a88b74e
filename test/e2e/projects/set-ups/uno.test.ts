import { needs } from 'vitest-hardware'
import { Board } from '#board'

const test = needs({ dut: { selector: 'board=uno', drivers: { board: Board } } })

test('marks', async ({ dut }) => {
  await dut.board.mark('uno')
})
