import { needs } from 'vitest-hardware'
import { Board } from '#board'

/** For any board. */
export const test = needs({ dut: { drivers: { board: Board } } })
