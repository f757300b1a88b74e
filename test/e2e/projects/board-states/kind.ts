import { call, defineBoard, defineInterface, type ResetBetween } from 'vitest-hardware'

/** The interface of the simulated board, as a project defines it. */
export const Simulated = defineInterface({
  client: 'test.SimulatedBoardClient',
  methods: {
    move: call<(from: readonly string[] | 'any', to: string) => void>(),
    isIn: call<(state: string) => boolean>(),
    crash: call<() => void>(),
  },
})

/** A board that is off, or runs Linux. */
export const board = defineBoard({
  drivers: { sim: Simulated },
  states: {
    off: { check: ({ sim }) => sim.isIn('off') },
    linux: { check: ({ sim }) => sim.isIn('linux') },
  },
  edges: [
    { from: 'any', to: 'off', run: ({ sim }) => sim.move('any', 'off') },
    { from: 'off', to: 'linux', run: ({ sim }) => sim.move(['off'], 'linux') },
  ],
})

/** The option of the files that are run several times. */
export const resetBetween = process.env['RESET_BETWEEN'] as ResetBetween
