import { expect, test } from 'vitest'

import { RepeatedFailures } from '../../src/base/repeated-failures.ts'

test('each reason is told once, and the failures are counted until a success', () => {
  const failures = new RepeatedFailures()
  expect(failures.end()).toBe(0)
  expect(['a', 'a', 'b', 'b', 'a'].map((reason) => failures.add(reason))).toEqual([true, false, true, false, true])
  expect(failures.end()).toBe(5)
  expect(failures.add('a')).toBe(true)
  expect(failures.end()).toBe(1)
})
