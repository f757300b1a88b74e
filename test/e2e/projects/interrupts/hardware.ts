import { needs } from 'vitest-hardware'
import { Board } from '#board'

/** With the fixture `cleaned`, a board whose clean-up makes a call. With `STUCK` in the environment, it does not end. */
export const test = needs({ dut: { drivers: { board: Board } } }).extend('cleaned', ({ dut }, { onCleanup }) => {
  onCleanup(async () => {
    await dut.board.mark('cleaned')
    if (process.env['STUCK'] !== undefined) await new Promise<never>(() => {})
  })
  return dut.board
})
