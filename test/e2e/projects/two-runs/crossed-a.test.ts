import { setTimeout as delay } from 'node:timers/promises'
import { needs } from 'vitest-hardware'
import { Board } from '#board'

const test = needs({
  x: { selector: 'name=one', drivers: { board: Board } },
  y: { selector: 'name=two', drivers: { board: Board } },
})

test('uses both', async ({ x, y }) => {
  await x.board.mark('a')
  await y.board.mark('a')
  await delay(20)
})
