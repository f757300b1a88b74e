import { existsSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { needs } from 'vitest-hardware'
import { Board } from '#board'

// The other file has the board first.
while (!existsSync('journal.jsonl') || !readFileSync('journal.jsonl', 'utf8').includes('dies')) await delay(20)
const test = needs({ dut: { drivers: { board: Board } } })

test('gets the board', async ({ dut }) => {
  await dut.board.mark('follows')
})
