import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { readNeeds, type StaticNeed } from '../../../src/plugin/plan/read-needs.ts'

const unknown: StaticNeed = { role: undefined, selector: undefined }
const uno: StaticNeed = { role: 'dut', selector: 'board=uno' }

/** What a file that imports `needs` has. */
const read = (code: string, file = 'a.test.ts') => readNeeds(`import { needs } from 'vitest-hardware'\n${code}`, file)

describe('roles and selectors', () => {
  test.each<[string, readonly StaticNeed[]]>([
    [`needs({ dut: { selector: 'board=uno', drivers: {} } })`, [uno]],
    [`needs({ "dut": { 'selector': "board=uno" } })`, [uno]],
    ['needs({ dut: { selector: `board=uno` } })', [uno]],
    [`needs({ ['dut']: { ['selector']: 'board=uno' } })`, [uno]],
    [`needs({ dut: { drivers: {} } })`, [{ role: 'dut', selector: '' }]],
    [
      `needs({ b: { selector: 'x' }, a: { selector: 'y' } })`,
      [
        { role: 'b', selector: 'x' },
        { role: 'a', selector: 'y' },
      ],
    ],
    [`needs({ dut: { selector: 'board=uno' } as const } satisfies Needs)`, [uno]],
    [`needs<Any>(({ dut: ({ selector: ('board=uno' as string)! }) }))`, [uno]],
    [`needs({ dut: { ...common, selector: 'board=uno' } })`, [uno]],
    [`needs({ ...common, dut: { selector: 'board=uno' } })`, [uno, unknown]],
  ])('%s', async (code, expected) => {
    expect(await read(code)).toEqual(expected)
  })

  test.each([
    `needs({ dut: { selector } })`,
    `needs({ dut: { selector: board() } })`,
    'needs({ dut: { selector: `board=${name}` } })',
    `needs({ dut: { selector: 'a' + 'b' } })`,
    `needs({ dut: { selector: 'board=uno', ...common } })`,
    `needs({ dut: { [key]: 'board=uno' } })`,
    `needs({ dut: { get selector() { return 'board=uno' } } })`,
    `needs({ dut })`,
    `needs({ dut: uno })`,
    `needs({ dut() {} })`,
  ])('the selector is not known: %s', async (code) => {
    expect(await read(code)).toEqual([{ role: 'dut', selector: undefined }])
  })

  test.each([
    `needs(all)`,
    `needs()`,
    `needs(...all)`,
    `needs({ [role]: { selector: 'board=uno' } })`,
    `needs({ dut: { selector: 'board=uno' }, ...others })`,
    `apply(needs)`,
    `export { needs }`,
    ``,
  ])('nothing is known but that there is a need: %s', async (code) => {
    expect(await read(code)).toEqual([unknown])
  })
})

describe('where needs() comes from', () => {
  const call = `({ dut: { selector: 'board=uno' } })`

  test.each([
    `import { needs as lease } from 'vitest-hardware'; lease${call}`,
    `import { "needs" as lease } from "vitest-hardware"; lease${call}`,
    `import { expect, needs, type Need } from 'vitest-hardware'; needs${call}`,
    `import * as hardware from 'vitest-hardware'; hardware.needs${call}`,
    `import * as hardware from 'vitest-hardware'; hardware['needs']${call}`,
    `import { needs } from 'vitest-hardware'; needs${call}.extend('other', 1)`,
    `import { onTargetTests } from 'vitest-hardware'; await onTargetTests(${call.slice(1, -1)}, { format: 'tap' })`,
    `import { needs, onTargetTests } from 'vitest-hardware'; await onTargetTests({ other: {} }, {}); needs${call}`,
    `import * as hardware from 'vitest-hardware'; await hardware.onTargetTests(${call.slice(1, -1)}, {})`,
  ])('%s', async (code) => {
    expect(await readNeeds(code, 'a.test.ts')).toEqual([uno])
  })

  test.each([
    `export { needs } from 'vitest-hardware'`,
    `export { needs as lease } from 'vitest-hardware'`,
    `export * from 'vitest-hardware'`,
  ])('passed on: %s', async (code) => {
    expect(await readNeeds(code, 'a.ts')).toEqual([unknown])
  })

  test.each([
    `import { needs } from './vitest-hardware'; needs${call}`,
    `import { expect } from 'vitest-hardware'; needs${call}`,
    `import type { needs } from 'vitest-hardware'`,
    `import { type needs } from 'vitest-hardware'`,
    `import { serve } from 'vitest-hardware'; export const needs = 1`,
    `import * as hardware from 'vitest-hardware'; other.needs${call}; hardware.serve()`,
    `// needs() of 'vitest-hardware' is not used here`,
    `import { needs } from 'other'; needs${call}`,
    ``,
  ])('none: %s', async (code) => {
    expect(await readNeeds(code, 'a.test.ts')).toEqual([])
  })
})

describe('only what certainly happens is known', () => {
  const call = `needs({ dut: { selector: 'board=uno' } })`

  test.each([
    `export const test = ${call}`,
    `export default ${call}`,
    `let test; test = ${call}`,
    `const tests = { one: ${call} }, [two] = [1]`,
    `describe('uno', () => { const test = ${call} })`,
    `describe.skipIf(no)('uno', async function () { { var test = ${call} } })`,
    `describe('all', () => describe('uno', () => ${call}))`,
    `const test = await ${call}`,
  ])('%s', async (code) => {
    expect(await read(code)).toEqual([uno])
  })

  test.each([
    `if (process.env.BOARD) ${call}`,
    `const test = process.env.BOARD ? ${call} : base`,
    `enabled && ${call}`,
    `for (const board of boards) ${call}`,
    `try { ${call} } catch {}`,
    `export function boardTest() { return ${call} }`,
    `export const boardTest = () => ${call}`,
    `describe('uno', () => { if (some) ${call} })`,
  ])('%s is not', async (code) => {
    expect(await read(code)).toEqual([unknown])
  })

  test('calls are in the order of the source', async () => {
    const roles = await read(`
      describe('one', () => { needs({ a: {} }) })
      const test = needs({ b: {} }), other = needs({ c: {} })
      needs({ d: {} })`)
    expect(roles.map(({ role }) => role)).toEqual(['a', 'b', 'c', 'd'])
  })
})

describe('languages', () => {
  test.each([
    ['a.test.ts', `const x = <number>1; enum E { A } needs({ dut: { selector: 'board=uno' } })`],
    ['a.test.mts', `let x = y as string; needs({ dut: { selector: 'board=uno' } })`],
    ['a.test.cts', `type A = 1; needs({ dut: { selector: 'board=uno' } })`],
    ['a.test.tsx', `const x: Node = <p>text</p>; needs({ dut: { selector: 'board=uno' } })`],
    ['a.test.jsx', `const x = <p>text</p>; needs({ dut: { selector: 'board=uno' } })`],
    ['a.test.js', `needs({ dut: { selector: 'board=uno' } })`],
    ['a.test.mjs', `await 1; needs({ dut: { selector: 'board=uno' } })`],
  ])('%s', async (file, code) => {
    expect(await read(code, file)).toEqual([uno])
  })

  test('what cannot be parsed probably has needs', async () => {
    expect(await read(`needs({ dut: `)).toEqual([unknown])
    expect(await read(`const x: = 1`)).toEqual([unknown])
  })
})

test('source that is nested deeply is read', async () => {
  const sum = Array.from({ length: 5000 }, (_, i) => i).join(' + ')
  expect(await read(`const sum = ${sum}; needs({ dut: { selector: 'board=uno' } })`)).toEqual([uno])
})

test('no text makes it throw', async () => {
  const word = fc.constantFrom(
    ...[
      'needs',
      "'vitest-hardware'",
      'import',
      '* as h',
      '{ needs as n }',
      'from',
      '(',
      ')',
      '{',
      '}',
      '[',
      ']',
      ':',
      ';',
    ],
    ...[
      'h.needs',
      'n',
      'dut',
      'selector',
      '`',
      '${',
      "'",
      '...',
      '=>',
      'async',
      'class',
      '<a>',
      '\\',
      '\n',
      ',',
      '//',
      '#',
    ],
  )
  const source = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fc.oneof(word, fc.string()), { maxLength: 40 }).map((words) => words.join(' ')),
  )
  const file = fc.constantFrom('a.ts', 'a.tsx', 'a.js', 'a.mts', 'a.vue', 'a')
  await fc.assert(
    fc.asyncProperty(source, file, async (text, name) => {
      const code = `import { needs } from 'vitest-hardware'\n${text}`
      for (const need of [...(await readNeeds(code, name)), ...(await readNeeds(text, name))]) {
        expect(Object.keys(need)).toEqual(['role', 'selector'])
      }
    }),
  )
})
