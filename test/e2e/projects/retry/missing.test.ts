import { test as plain } from 'vitest'
import { needs } from 'vitest-hardware'
import { Board } from '#board'

const test = needs({ dut: { selector: 'kind=uno', drivers: { board: Board } } })

test('needs it', async ({ dut }) => {
  await dut.board.mark('missing')
})

test('needs it too', async ({ dut }) => {
  await dut.board.mark('missing')
})

plain('does not', () => {})
