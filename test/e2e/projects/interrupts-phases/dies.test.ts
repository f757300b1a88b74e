import { test } from './hardware.ts'

test('dies', { timeout: 60_000 }, async ({ dut, signal }) => {
  signal.addEventListener('abort', () => process.kill(process.pid, 'SIGKILL'))
  await dut.board.hang()
})
