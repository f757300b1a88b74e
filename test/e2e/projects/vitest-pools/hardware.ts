import { needs } from 'vitest-hardware'
import { Board } from '#board'

const test = needs({ dut: { selector: 'board=uno', drivers: { board: Board } } })

/** Declares the two tests of a file. With `FAIL_ONCE` in the environment, the first test has to be tried twice. */
export function marksTwice(file: string): void {
  let runs = 0
  test('first', async ({ dut }) => {
    await dut.board.mark(file)
    if (process.env['FAIL_ONCE'] !== undefined && runs++ === 0) throw new Error('once')
  })
  test('second', async ({ dut }) => {
    await dut.board.mark(file)
  })
}
