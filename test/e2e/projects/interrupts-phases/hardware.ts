import { needs } from 'vitest-hardware'
import { FlasherClient } from 'vitest-hardware/clients'
import { Board } from '#board'

export const test = needs({ dut: { drivers: { board: Board, flasher: FlasherClient } } })

// Every file that imports this one has the hook.
test.afterAll(async ({ dut }) => {
  await dut.board.mark('afterAll')
})
