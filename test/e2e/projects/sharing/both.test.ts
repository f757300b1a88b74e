import { setTimeout as delay } from 'node:timers/promises'
import { needs } from 'vitest-hardware'
import { Board } from '#board'

const test = needs({
  first: { selector: 'name in (one)', drivers: { board: Board } },
  second: { selector: 'name=two', drivers: { board: Board } },
})

test('works on both', async ({ first, second }) => {
  await first.board.mark('both')
  await second.board.mark('both')
  await delay(1_000)
})
