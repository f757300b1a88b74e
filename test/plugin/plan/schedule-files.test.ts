import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { type HardwareFile, scheduleFiles } from '../../../src/plugin/plan/schedule-files.ts'

interface File {
  readonly name: string
  readonly hardware: HardwareFile | undefined
}

const unit = (name: string): File => ({ name, hardware: undefined })
const onBoard = (name: string, heldMs?: number, needs = ''): File => ({ name, hardware: { needs, heldMs } })

function order(files: readonly File[], filesBefore: number, longestFirst = true): string {
  return scheduleFiles(files, ({ hardware }) => hardware, { filesBefore, longestFirst })
    .map(({ name }) => name)
    .join(' ')
}

describe('files that need hardware', () => {
  const files = [unit('u'), onBoard('b', 2), onBoard('a', 1), unit('v'), onBoard('d', 4), onBoard('c', 3)]

  test.each([
    [0, 'u v d c b a'],
    [1, 'd u v c b a'],
    [2, 'd c u v b a'],
    [4, 'd c b a u v'],
    [9, 'd c b a u v'],
  ])('%i of them start before those that need none, longest first: %s', (filesBefore, expected) => {
    expect(order(files, filesBefore)).toBe(expected)
  })

  test('start as they were, if it is not the longest that shall be first', () => {
    expect(order(files, 2, false)).toBe('b a u v d c')
  })

  test('start first where nobody knows how long they take, as they were', () => {
    expect(order([onBoard('a', 9), onBoard('x'), onBoard('b', 10), onBoard('y')], 4)).toBe('x y b a')
  })

  test('start last where they got nothing last time', () => {
    const files = [
      onBoard('x', 0, 'esp32'),
      onBoard('a', 1, 'uno'),
      onBoard('y', 0, 'esp32'),
      onBoard('new', undefined),
    ]
    expect(order(files, 4)).toBe('new a x y')
  })

  test('take turns with those of other needs', () => {
    const many = [1, 2, 3, 4].map((n) => onBoard(`uno${n}`, 100 - n, 'uno'))
    const few = [1, 2].map((n) => onBoard(`due${n}`, 10 - n, 'due'))
    expect(order([...few, ...many], 6)).toBe('uno1 due1 uno2 due2 uno3 uno4')
  })
})

test('every file is there once; at most `filesBefore` of them need hardware before the last that needs none', () => {
  const needs = fc.record({ needs: fc.constantFrom('uno', 'due'), heldMs: fc.option(fc.nat(), { nil: undefined }) })
  const file = fc.record({ name: fc.string(), hardware: fc.option(needs, { nil: undefined }) })
  fc.assert(
    fc.property(fc.array(file), fc.nat(10), fc.boolean(), (files, filesBefore, longestFirst) => {
      const ordered = scheduleFiles(files, ({ hardware }) => hardware, { filesBefore, longestFirst })
      expect(ordered).toHaveLength(files.length)
      expect(new Set(ordered)).toEqual(new Set(files))
      const isUnit = ({ hardware }: File) => hardware === undefined
      const before = ordered.slice(0, ordered.findLastIndex(isUnit) + 1)
      expect(before.filter((one) => !isUnit(one)).length).toBeLessThanOrEqual(filesBefore)
      expect(ordered.filter(isUnit), 'those without needs keep their order').toEqual(files.filter(isUnit))
    }),
  )
})
