import { expect, test } from 'vitest'

import { asFiniteNumber } from '../../src/base/finite-number.ts'

test.each([
  [5, 5],
  [0, 0],
  ['5.02', 5.02],
  [' -1e3 ', -1000],
])('%j is the number %d', (value, number) => {
  expect(asFiniteNumber(value)).toBe(number)
})

test.each(['', ' ', '5 V', 'NaN', 'Infinity', Number.NaN, Infinity, null, undefined, true, [5], {}])(
  '%j is no number',
  (value) => {
    expect(asFiniteNumber(value)).toBeUndefined()
  },
)
