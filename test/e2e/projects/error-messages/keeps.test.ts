import { setTimeout as delay } from 'node:timers/promises'
import { needs } from 'vitest-hardware'
import { Board } from '#board'

const test = needs({ dut: { drivers: { board: Board } } })

test('keeps the board', { timeout: 30_000 }, async ({ dut }) => {
  await dut.board.mark('keeps')
  await delay(20_000)
})
