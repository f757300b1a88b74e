import { expect, test } from 'vitest'

import { parseDuration } from '../../src/cli/duration.ts'

test.each([
  ['90', 90],
  ['30m', 1_800],
  ['1d3h', 97_200],
  ['PT1H30M', 5_400],
  ['P1DT1S', 86_401],
  ['01:30:00', 5_400],
])('%s is %d seconds', (text, seconds) => {
  expect(parseDuration(text)).toBe(seconds * 1000)
})

test.each(['', '0', '-5', '1.5', 'soon', '5x', 'P', 'PT', '1:2:3'])('%j is none', (text) => {
  expect(() => parseDuration(text)).toThrow('A duration is a number of seconds, or like 30m')
})
