import { needs } from 'vitest-hardware'
import { drivers, useBoard } from './use-board.ts'

const test = needs({ dut: { selector: 'board=mega', drivers } })

test('uses another board', { timeout: 60_000 }, async ({ dut }) => {
  await useBoard(dut, Number(process.env['USE_MS']))
})
