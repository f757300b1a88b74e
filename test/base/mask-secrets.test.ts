import { expect, test } from 'vitest'

import { maskSecrets } from '../../src/base/mask-secrets.ts'

test('every place of every secret is replaced, the longest secret first, and no empty one', () => {
  expect(maskSecrets('a hunter2 b hunter2', ['hunter2'])).toBe('a *** b ***')
  expect(maskSecrets('hunter2-long hunter2', ['hunter2', '', 'hunter2-long'])).toBe('*** ***')
  expect(maskSecrets('$& stays', new Set(['x']))).toBe('$& stays')
})
