import { expect, test } from 'vitest'

import { thisCopy } from '../../src/base/brand.ts'
import { siteOf } from '../../src/evidence/site-of.ts'

const own = `    at recordStep (file://${thisCopy.place}src/recording/record-step.ts:34:20)`

test.each([
  ['a function', '    at boots (/work/a.test.ts:3:5)'],
  ['no function', '    at /work/a.test.ts:3:5'],
  ['a URL', '    at boots (file:///work/a.test.ts:3:5)'],
  ['an async function', '    at async boots (file:///work/a.test.ts:3:5)'],
  ['an async line without a function', '    at async /work/a.test.ts:3:5'],
  ['a folder with a space', '    at boots (file:///work/a.test.ts:3:5)'],
])('the first line of the user: %s', (_what, line) => {
  const stack = ['Error', own, '    at node:internal/timers:1:1', '    at x (/node_modules/y/z.js:1:1)', line].join(
    '\n',
  )
  expect(siteOf(stack)).toEqual({ file: '/work/a.test.ts', line: 3, column: 5 })
})

test('a stack without such a line, and no stack', () => {
  expect(siteOf(`Error\n${own}`)).toBeUndefined()
  expect(siteOf(undefined)).toBeUndefined()
})
