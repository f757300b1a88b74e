import { expect, needs } from 'vitest-hardware'
import { board } from './kind.ts'

const test = needs({
  dut: { selector: 'name=dut', board, state: 'linux', resetBetween: 'test' },
  peer: { selector: 'name=peer', board, state: 'linux' },
})

test('one', async ({ dut }) => {
  await dut.sim.crash()
})

test('two', async ({ dut }) => {
  await dut.sim.crash()
})

test('three', async ({ peer }) => {
  expect(await peer.sim.isIn('linux')).toBe(true)
})
