import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { test } from './hardware.ts'

// The other file has the board, whichever began first.
while (!existsSync('journal.jsonl') || !/hang|fails/.test(readFileSync('journal.jsonl', 'utf8'))) await delay(20)
writeFileSync('waiting', '')

test('waits', async ({ dut }) => {
  await dut.board.mark('waits')
})
