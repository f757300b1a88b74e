import { needs } from 'vitest-hardware'
import { Board } from '#board'

const test = needs({ dut: { selector: 'name=two', drivers: { board: Board } } })

test('works', async ({ dut }) => {
  await dut.board.mark('d')
})
