import { test } from './hardware.ts'

test('passes', async ({ dut }) => {
  await dut.board.mark('passes')
})
