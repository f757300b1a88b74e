import { needs } from 'vitest-hardware'
import { board, resetBetween } from './kind.ts'

const test = needs({ dut: { selector: 'name=dut', board, state: 'linux', resetBetween } })

test('leaves it off', async ({ dut }) => {
  await dut.states.to('off')
})
