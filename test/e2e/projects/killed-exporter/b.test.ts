import { needs } from 'vitest-hardware'
import { Board } from '#board'

const test = needs({ dut: { drivers: { board: Board } } })

test('has a new exporter', async ({ dut }) => {
  await dut.board.mark('b')
})
