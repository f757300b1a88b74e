import fc from 'fast-check'
import { expect, test } from 'vitest'

import { maskJson, maskPieces } from '../../src/recording/secret-filter.ts'

function masked(texts: readonly string[], ...secrets: readonly string[]): string[] {
  const pieces = texts.map((text, at) => ({ at, bytes: Buffer.from(text) }))
  return Array.from(maskPieces(pieces, secrets), ({ at, bytes }) => `${at} ${Buffer.from(bytes).toString()}`)
}

test('a secret becomes *** where it begins, also in pieces of one character', () => {
  expect(masked(['login: hunter2\n'], 'hunter2')).toEqual(['0 login: ***\n'])
  expect(masked(['a', ...Array.from('hunter2'), 'b'], 'hunter2')).toEqual(['0 a', '1 ***', '8 b'])
  expect(masked(['hun', 'hunter', '2.'], 'hunter2')).toEqual(['0 hun', '1 ***', '2 .'])
})

test('secrets that overlap become one ***, and one inside of another leaves nothing of it', () => {
  expect(masked(['abc', 'def'], 'abc', 'abcdef')).toEqual(['0 ***'])
  expect(masked(['xabcdx'], 'abc', 'bcd')).toEqual(['0 x***x'])
  expect(masked(['any'], '')).toEqual(['0 any'])
})

test('the pieces do not matter', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 60 })
  const secret = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 2, maxLength: 5 })
  fc.assert(
    fc.property(fc.array(text), fc.array(secret, { minLength: 1, maxLength: 3 }), (texts, secrets) => {
      const join = (pieces: readonly string[]) => pieces.map((piece) => piece.slice(piece.indexOf(' ') + 1)).join('')
      const result = join(masked(texts, ...secrets))
      expect(result).toBe(join(masked([texts.join('')], ...secrets)))
      for (const one of secrets) expect(result).not.toContain(one)
    }),
  )
})

test('a secret is found across the parts in which a long output is searched', () => {
  const filler = 'x'.repeat(50_000)
  const output = masked([filler, `${filler}hun`, `ter2${filler}`, filler], 'hunter2').join('')
  expect(output).not.toContain('hun')
  expect(output).not.toContain('ter2')
  expect(output.match(/x/g)).toHaveLength(200_000)
})

test('texts, names and bytes of values are searched', () => {
  const base64 = Buffer.from([255, ...Buffer.from('hunter2')]).toString('base64')
  const hidden = Buffer.from([255, ...Buffer.from('***')]).toString('base64')
  expect(maskJson([{ hunter2: ['is hunter2', 7, null] }, { base64 }], new Set(['hunter2']))).toEqual([
    { '***': ['is ***', 7, null] },
    { base64: hidden },
  ])
})
