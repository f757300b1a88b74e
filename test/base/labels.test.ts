import { expect, test } from 'vitest'

import { formatLabels } from '../../src/base/labels.ts'

test('labels stand in the order of their names', () => {
  expect(formatLabels({ board: 'uno', arch: 'avr', empty: '' })).toBe('arch=avr,board=uno,empty=')
  expect([formatLabels({}), formatLabels(undefined)]).toEqual(['', ''])
})
