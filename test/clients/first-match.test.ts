import { expect, test } from 'vitest'

import { firstMatch } from '../../src/clients/console/first-match.ts'
import type { Found, ScanResult } from '../../src/clients/console/search.ts'

function found(start: number, end: number): Found {
  return { start: { text: start, raw: start }, end: { text: end, raw: end }, text: '', groups: {}, captures: [] }
}

function result(start?: number, undecidedFrom = Infinity): ScanResult {
  return start === undefined ? { undecidedFrom } : { found: found(start, start + 2), undecidedFrom }
}

const hit = { ...found(10, 20), guard: { pattern: 'panic' } }

test('the match that begins first counts, and of two the first pattern of the list', () => {
  expect(firstMatch([result(5), result(3)], undefined, false)).toMatchObject({ kind: 'found', index: 1 })
  expect(firstMatch([result(3), result(3)], undefined, false)).toMatchObject({ kind: 'found', index: 0 })
})

test('a pattern that may still match earlier keeps a match undecided, until the output has ended', () => {
  const results = [result(5), result(undefined, 3)]
  expect(firstMatch(results, undefined, false)).toEqual({ kind: 'undecided', likely: true })
  expect(firstMatch(results, undefined, true)).toMatchObject({ kind: 'found', index: 0 })
  expect(firstMatch([result(undefined, 3)], undefined, false)).toEqual({ kind: 'undecided', likely: false })
})

test('a guard counts if no pattern matches before its end', () => {
  expect(firstMatch([result(undefined, 30)], hit, false)).toEqual({ kind: 'guard', hit })
  expect(firstMatch([result(25)], hit, false)).toEqual({ kind: 'guard', hit })
  expect(firstMatch([result(15)], hit, false)).toMatchObject({ kind: 'found' })
  expect(firstMatch([result(undefined, 15)], hit, false)).toEqual({ kind: 'undecided', likely: true })
})
