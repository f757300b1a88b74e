import { needs } from 'vitest-hardware'
import { drivers } from './use-board.ts'

const test = needs({ peer: { selector: 'board=uno', drivers }, dut: { selector: 'board=uno', drivers } })

test('has both', async ({ dut, peer }) => {
  await dut.power.on()
  await peer.power.on()
})
