import { writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { test } from './hardware.ts'

test.afterEach(async ({ dut }) => {
  writeFileSync('begun', '')
  await delay(1_000)
  await dut.board.mark('afterEach')
})

test('passes', () => {})

test('is not run', async ({ dut }) => {
  await dut.board.mark('test')
})
