import { test } from './hardware.ts'

test('has it', async ({ dut }) => {
  await dut.board.mark('test')
})
