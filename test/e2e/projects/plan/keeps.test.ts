import { basename } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { test } from './dut.ts'

const name = basename(import.meta.filename, '.test.ts')
/** The times for which files keep the board, in milliseconds. */
const keepMs = JSON.parse(process.env['KEEP_MS'] ?? '{}') as Readonly<Record<string, number>>

test('keeps the board', async ({ dut }) => {
  await dut.board.mark(name)
  await delay(keepMs[name] ?? 0)
})
