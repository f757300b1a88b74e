import { needs } from 'vitest-hardware'
import { Board } from '#board'

/** For a board that no run has. */
export const test = needs({ dut: { selector: 'board=esp32', drivers: { board: Board } } })
