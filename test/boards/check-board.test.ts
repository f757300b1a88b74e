import { expect, test } from 'vitest'

import { defineBoard } from '../../src/boards/define-board.ts'

test('a definition is refused with all its mistakes', () => {
  const wrong = {
    drivers: [],
    states: { any: { check: () => true }, off: { chek: true }, on: { check: () => true, timeoutMs: -1 } },
    edges: [
      { from: 'of', to: 'on', run: () => {}, timeout: 5 },
      { from: [], to: 'on', costMs: Number.NaN },
    ],
    timeoutMs: '5s',
  }
  expect(() => defineBoard(wrong as never)).toThrow(
    expect.objectContaining({
      code: 'ARGUMENT_INVALID',
      message: [
        'defineBoard() cannot take this:',
        'drivers is []; it has to be an object such as { power: PowerClient }',
        'timeoutMs is "5s"; it has to be a number of milliseconds, at most 86400000',
        'states.any cannot be the name of a state: it stands for all of them',
        'states.off.check is missing; it has to be a function',
        'states.off.chek is an unknown key; known keys: check, timeoutMs',
        'states.on.timeoutMs is -1; it has to be a number of milliseconds, at most 86400000',
        'edges[0].from is "of", which is no state; there are any, off, on',
        'edges[0].timeout is an unknown key; known keys: from, to, run, timeoutMs, costMs, name',
        'edges[1].from is empty',
        'edges[1].run is missing; it has to be a function',
        'edges[1].costMs is NaN; it has to be a number, 0 or above',
      ].join('\n  '),
    }),
  )
  expect(() => defineBoard({ drivers: {}, states: {}, edges: [] })).toThrow('states has no states')
})
