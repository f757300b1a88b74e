import { setTimeout as delay } from 'node:timers/promises'
import { needs } from 'vitest-hardware'
import { Board } from '#board'

const a = needs({ dut: { selector: 'board=uno', drivers: { board: Board } } })
const b = needs({ dut: { selector: 'board=due', drivers: { board: Board } } })

a('on the first', async ({ dut }) => {
  await dut.board.mark('unodue')
  await delay(100)
})

b('on the second', async ({ dut }) => {
  await dut.board.mark('unodue')
})
