import { needs, type Needs } from 'vitest-hardware'
import { Board } from '#board'

const test = needs({ dut: { selector: 'board=uno,rev=3', drivers: { board: Board } } } satisfies Needs)

test('missing', async ({ dut }) => {
  await dut.board.mark('missing')
})
