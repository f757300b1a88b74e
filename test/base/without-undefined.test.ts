import { expect, test } from 'vitest'

import { withoutUndefined } from '../../src/base/without-undefined.ts'

test('only what is undefined is left out', () => {
  const object = withoutUndefined({ name: 'uno', begin: undefined, end: null, count: 0, text: '', flag: false })
  expect(object).toStrictEqual({ name: 'uno', end: null, count: 0, text: '', flag: false })
  expect(Object.keys(object)).not.toContain('begin')
})
