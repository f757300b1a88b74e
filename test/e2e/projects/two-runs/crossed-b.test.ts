import { setTimeout as delay } from 'node:timers/promises'
import { needs } from 'vitest-hardware'
import { Board } from '#board'

const test = needs({
  x: { selector: 'name=two', drivers: { board: Board } },
  y: { selector: 'name=one', drivers: { board: Board } },
})

test('uses both', async ({ x, y }) => {
  await x.board.mark('b')
  await y.board.mark('b')
  await delay(20)
})
