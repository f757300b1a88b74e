import { test } from './hardware.ts'

test.beforeAll(async ({ dut }) => {
  await dut.board.hang()
}, 60_000)

test('has it', async ({ dut }) => {
  await dut.board.mark('test')
})
