import { needs } from 'vitest-hardware'
import { Board } from '#board'

const a = needs({ dut: { selector: 'board=due', drivers: { board: Board } } })
const b = needs({ dut: { selector: 'board in (due)', drivers: { board: Board } } })

a('one', async ({ dut }) => {
  await dut.board.mark('pair')
})

b('two', async ({ dut }) => {
  await dut.board.mark('pair')
})
