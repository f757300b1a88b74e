import { test } from './hardware.ts'

test('dies', async ({ dut }) => {
  await dut.board.mark('dies')
  process.kill(process.pid, 'SIGKILL')
})
