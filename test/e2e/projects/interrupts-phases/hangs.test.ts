import { test } from './hardware.ts'

test('hangs', { timeout: 60_000 }, async ({ dut }) => {
  await dut.board.hang()
})
