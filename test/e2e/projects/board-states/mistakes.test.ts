import { needs, type Needs } from 'vitest-hardware'
import { board, Simulated } from './kind.ts'

const mistakes: object = {
  a: { board, state: 'linx' },
  b: { board, resetBetween: 'test' },
  c: { board, state: 'off', resetBetween: 'tests' },
  d: { board, drivers: { states: Simulated } },
  e: { drivers: {}, state: 'off' },
  f: { board: {} },
}
needs(mistakes as Needs)
