import { needs } from 'vitest-hardware'
import { Board } from '#board'

const test = needs({ dut: { drivers: { board: Board } } })

test.skip('skipped', async ({ dut }) => {
  await dut.board.mark('skipped')
})
