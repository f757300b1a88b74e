import { setTimeout as delay } from 'node:timers/promises'
import { needs } from 'vitest-hardware'
import { Board } from '#board'

const test = needs({ dut: { drivers: { board: Board } } })

test('dies', async ({ dut }) => {
  await dut.board.mark('dies')
  await delay(300)
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), 300)
  await dut.board.hang()
})
