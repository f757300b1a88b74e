import { needs } from 'vitest-hardware'
import { drivers, useBoard } from './use-board.ts'

const test = needs({ dut: { selector: 'board=uno', drivers } })

test('uses its board for a time that the environment gives', { timeout: 60_000 }, async ({ dut }) => {
  await useBoard(dut, Number(process.env['USE_MS']))
})
