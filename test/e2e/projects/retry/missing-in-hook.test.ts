import { needs } from 'vitest-hardware'
import { Board } from '#board'

const test = needs({ dut: { selector: 'kind=uno', drivers: { board: Board } } })

test.beforeAll(async ({ dut }) => {
  await dut.board.mark('hook')
})

test('needs it', async ({ dut }) => {
  await dut.board.mark('missing')
})
