import { needs } from 'vitest-hardware'
import { Board } from '#board'

const test = needs({ dut: { selector: 'kind=uno', drivers: { board: Board } } })

test('works', async ({ dut }) => {
  await dut.board.mark('e')
})
