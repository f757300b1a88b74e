import { test } from './hardware.ts'

test('gets nothing', async ({ dut }) => {
  await dut.board.mark('gets')
})
