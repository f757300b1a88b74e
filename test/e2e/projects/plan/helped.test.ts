import { test } from './esp32.ts'

test('helped', async ({ dut }) => {
  await dut.board.mark('helped')
})
