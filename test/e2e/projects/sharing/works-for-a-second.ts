import { setTimeout as delay } from 'node:timers/promises'
import { needs } from 'vitest-hardware'
import { Board } from '#board'

/** Declares the only test of a file, which uses a board for a second. */
export function worksForASecond(file: string): void {
  const test = needs({ dut: { selector: 'kind=small', drivers: { board: Board } } })
  test('works for a second', async ({ dut }) => {
    await dut.board.mark(file)
    await delay(1_000)
    await dut.board.mark(file)
  })
}
