import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import { expect, needs } from 'vitest-hardware'
import { Board } from '#board'

const units = ['one', 'two', 'three', 'four', 'five', 'six']
const test = needs({ dut: { drivers: { board: Board } } })

test('waits for the others', { timeout: 40_000 }, async ({ dut }) => {
  await dut.board.mark(basename(import.meta.filename, '.test.ts'))
  await expect.poll(() => units.filter((name) => !existsSync(`${name}.done`)), { timeout: 30_000 }).toEqual([])
})
