import { appendFileSync } from 'node:fs'
import { needs } from 'vitest-hardware'
import { Board } from '#board'

const test = needs({ dut: { drivers: { board: Board } } })

test('waits for the board', { timeout: 30_000 }, async ({ dut }) => {
  try {
    await dut.board.hang()
  } finally {
    appendFileSync('failed', String(Date.now()))
  }
})
