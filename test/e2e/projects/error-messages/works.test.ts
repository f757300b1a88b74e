import { needs } from 'vitest-hardware'
import { PowerClient } from 'vitest-hardware/clients'
import { Board } from '#board'

const test = needs({ dut: { selector: 'board=uno', drivers: { board: Board, power: PowerClient } } })

test.beforeAll(async ({ dut }) => {
  await dut.power.on()
})

test('works', async ({ dut }) => {
  await dut.board.mark('works')
})
