import { writeFileSync } from 'node:fs'
import { test } from './hardware.ts'

test('loops', { timeout: 60_000 }, ({ dut }) => {
  void dut
  writeFileSync('begun', '')
  for (;;);
})
