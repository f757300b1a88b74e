import { setTimeout as delay } from 'node:timers/promises'
import { test } from './hardware.ts'

test('fails', async ({ dut }) => {
  await dut.board.mark('fails')
  await delay(1_500)
  throw new Error('no')
})
