import { existsSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { needs } from 'vitest-hardware'
import { Board } from '#board'

const test = needs({ dut: { selector: 'kind=uno', drivers: { board: Board } } })

test('keeps the board', { timeout: 50_000 }, async ({ dut }) => {
  await dut.board.mark('a')
  while (!existsSync('go')) await delay(20)
})
