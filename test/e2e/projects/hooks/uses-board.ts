import { needs } from 'vitest-hardware'
import { Board } from '#board'

/** Declares the only test of a file, which uses the board with these labels. */
export function usesBoard(selector: string): void {
  const test = needs({ dut: { selector, drivers: { board: Board } } })
  test(`uses ${selector}`, async ({ dut }) => {
    await dut.board.mark(selector)
  })
}
