import fc from 'fast-check'
import { expect, test } from 'vitest'

import { cutText } from '../../src/base/cut-text.ts'
import { anyText } from '../support/random-messages.ts'

test('a text is cut at a whole character', () => {
  expect(cutText('abc', 3)).toBe('abc')
  expect(cutText('abcd', 3)).toBe('abc…')
  expect(cutText('ab😀', 3)).toBe('ab…')
  expect(cutText('ab😀', 4)).toBe('ab😀')
  expect(cutText('😀', 1)).toBe('…')
})

test('half a character is replaced', () => {
  expect(cutText('a\ud83d', 10)).toBe('a\ufffd')
  expect(cutText('\ude00b', 1)).toBe('\ufffd…')
})

test('any text becomes a well-formed text of the given length at most, which begins like the text', () => {
  fc.assert(
    fc.property(anyText, fc.integer({ min: 1, max: 900 }), (text, maxLength) => {
      const cut = cutText(text, maxLength)
      expect(cut.isWellFormed()).toBe(true)
      expect(cut.length).toBeLessThanOrEqual(Math.max(maxLength + 1, 1))
      expect(text.toWellFormed().startsWith(cut.replace(/…$/, '')) || cut === text.toWellFormed()).toBe(true)
    }),
  )
})
