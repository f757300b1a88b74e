import { needs } from 'vitest-hardware'
import { Board } from '#board'

const test = needs({ dut: { drivers: { board: Board } } })

test('is listed', async ({ dut }) => {
  await dut.board.mark('listed')
})
