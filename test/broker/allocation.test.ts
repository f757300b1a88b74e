import fc from 'fast-check'
import { expect, test } from 'vitest'

import { allocate } from '../../src/broker/allocation.ts'

/** The most roles that can have a candidate of their own, by trying everything. */
function most(wanted: readonly (readonly string[])[], taken: ReadonlySet<string> = new Set()): number {
  const [first, ...others] = wanted
  if (first === undefined) return 0
  const free = first.filter((candidate) => !taken.has(candidate))
  return Math.max(most(others, taken), ...free.map((candidate) => 1 + most(others, new Set([...taken, candidate]))))
}

test('as many roles as can be are served, and those that come first before others', () => {
  const candidates = fc.shuffledSubarray(['a', 'b', 'c', 'd', 'e'])
  fc.assert(
    fc.property(fc.array(candidates, { maxLength: 6 }), (wanted) => {
      const given = allocate(new Map(wanted.entries()))
      for (const [role, candidate] of given) expect(wanted[role]).toContain(candidate)
      expect(new Set(given.values()).size, 'nobody shares').toBe(given.size)
      expect(given.size).toBe(most(wanted))
      for (const role of wanted.keys()) {
        const canBeAdded = most(wanted.slice(0, role + 1)) > most(wanted.slice(0, role))
        expect(given.has(role), `role ${role}`).toBe(canBeAdded)
      }
    }),
  )
})

test('a role moves to another candidate to make room, along a chain', () => {
  const given = allocate(
    new Map([
      ['one', ['a', 'b']],
      ['two', ['b', 'c']],
      ['three', ['a']],
      ['four', ['b']],
    ]),
  )
  expect(Object.fromEntries(given)).toEqual({ three: 'a', one: 'b', two: 'c' })
})

test('the first candidate is preferred, and no candidate means no place', () => {
  expect([...allocate(new Map([['dut', ['x', 'y']]]))]).toEqual([['dut', 'x']])
  expect(allocate(new Map([['dut', []]])).size).toBe(0)
  expect(allocate(new Map()).size).toBe(0)
})
