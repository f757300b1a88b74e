import { test } from './hardware.ts'

test('fails', async ({ dut }) => {
  await dut.board.mark('fails')
  throw new Error('no')
})
