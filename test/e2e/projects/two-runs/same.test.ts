import { needs } from 'vitest-hardware'
import { Board } from '#board'

const test = needs({ x: { drivers: { board: Board } }, y: { drivers: { board: Board } } })

test('uses both', async ({ x, y }) => {
  await x.board.mark('x')
  await y.board.mark('y')
})
