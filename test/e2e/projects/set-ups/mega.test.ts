import { needs } from 'vitest-hardware'
import { Board } from '#board'

const test = needs({ peer: { selector: 'board=mega', drivers: { board: Board } } })

test('marks', async ({ peer }) => {
  await peer.board.mark('mega')
})
