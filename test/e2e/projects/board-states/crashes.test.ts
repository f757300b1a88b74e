import { expect, needs } from 'vitest-hardware'
import { board, resetBetween } from './kind.ts'

const test = needs({ dut: { selector: 'name=dut', board, state: 'linux', resetBetween } })
let attempts = 0

test('first', async ({ dut }) => {
  expect(await dut.sim.isIn('linux')).toBe(true)
  await dut.sim.crash()
})

test('second', { retry: 1 }, async ({ dut }) => {
  expect(await dut.sim.isIn('linux')).toBe(resetBetween === 'test')
  await dut.sim.crash()
  expect(attempts++).toBe(1)
})
