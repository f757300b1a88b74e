import { needs } from 'vitest-hardware'
import { Board } from '#board'

const test = needs({ dut: { selector: 'name=one', drivers: { board: Board } } })

test('dies', async ({ dut }) => {
  await dut.board.mark('dies')
  const [pid] = (await dut.board.where()).split('.')
  process.kill(Number(pid), 'SIGKILL')
  await dut.board.hang()
})
