import { needs } from 'vitest-hardware'
import { board } from './kind.ts'

const test = needs({ dut: { selector: 'name=peer', board, state: 'linux', resetBetween: 'test' } })

test('one', async ({ dut }) => {
  await dut.sim.crash()
})

test('two', async ({ dut }) => {
  await dut.states.to('linux')
})

test('three', async ({ dut }) => {
  await dut.states.to('linux')
})
