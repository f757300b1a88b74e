import { expect, needs } from 'vitest-hardware'
import { board } from './kind.ts'

const test = needs({ dut: { selector: 'name=dut', board, state: 'linux' } })

test('is in Linux', async ({ dut }) => {
  expect(dut.states.state).toBe('linux')
  expect(await dut.sim.isIn('linux')).toBe(true)
})

test('is still in Linux', async ({ dut }) => {
  await dut.states.to('linux')
})

const derived = test.extend('twice', ({ dut }) => dut)

derived('is shared by what is derived', async ({ twice }) => {
  expect(await twice.sim.isIn('linux')).toBe(true)
})
