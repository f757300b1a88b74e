import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { NeedsReader } from '../../../src/plugin/plan/needs-reader.ts'

const call = (board: string) =>
  `import { needs } from 'vitest-hardware'\nexport const test = needs({ dut: { selector: 'board=${board}' } })\n`

let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'needs reader-'))
  const files = {
    'uno.ts': call('uno'),
    'page.tsx': `${call('page')} export const page = <p/>`,
    'boards/index.ts': `export { test } from '../uno.ts'\nexport * from './due.ts'`,
    'boards/due.ts': call('due'),
    'far/one.ts': `export * from './two.ts'`,
    'far/two.ts': `export * from './three.ts'`,
    'far/three.ts': call('far'),
    'circle.ts': `import './circle.ts'\nimport { a } from './circle-2.ts'\n${call('circle')}`,
    'circle-2.ts': `import { test } from './circle.ts'`,
    'notes.txt': call('notes'),
  }
  for (const [name, code] of Object.entries(files)) write(name, code)
})
afterAll(() => rmSync(folder, { recursive: true }))

function write(name: string, code: string): string {
  const path = join(folder, name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, code)
  return path
}

/** The selectors that are found from a test file with this source. */
async function found(code: string): Promise<readonly (string | undefined)[]> {
  const needs = await new NeedsReader().read(write('a.test.ts', code))
  return needs.map(({ selector }) => selector)
}

test.each([
  [`import { test } from './uno.ts'`, ['board=uno']],
  [`import { test } from './uno'`, ['board=uno']],
  [`import { test } from './uno.js'`, ['board=uno']],
  [`import { test } from './page.jsx'`, ['board=page']],
  [`import './uno.ts'`, ['board=uno']],
  [`import {\n  a,\n  test,\n} from "./uno.ts";`, ['board=uno']],
  [`import all, * as uno from './uno.ts'`, ['board=uno']],
  [`export * from './uno.ts'`, ['board=uno']],
  [`import{test}from'./uno.ts'`, ['board=uno']],
  [`import { test } from './boards'`, ['board=uno', 'board=due']],
  [`import { test } from './boards/index.ts'\nimport { other } from './uno.ts'`, ['board=uno', 'board=due']],
  [`import { test } from './circle.ts'`, ['board=circle']],
  [`${call('own')}import { test as other } from './uno.ts'`, ['board=own', 'board=uno']],
])('followed: %s', async (code, expected) => {
  expect(await found(code)).toEqual(expected)
})

test.each([
  `import type { test } from './uno.ts'`,
  `export type { test } from './uno.ts'`,
  `import { test } from './nowhere.ts'`,
  `import { test } from '@/uno.ts'`,
  `import { test } from 'uno'`,
  `import text from './notes.txt'`,
  `export const a = 1\nconst text = "from './uno.ts'"`,
  `import { test } from './far/one.ts'`,
  `import { test } from './'`,
  ``,
])('not followed: %s', async (code) => {
  expect(await found(code)).toEqual([])
})

test('a file that is not there has no needs', async () => {
  expect(await new NeedsReader().read(join(folder, 'nowhere.test.ts'))).toEqual([])
})

test('many exports without an import are no work', async () => {
  const registers = Array.from({ length: 20_000 }, (_, i) => `export declare let REG_${i}\nexport interface R${i} {}`)
  const start = performance.now()
  expect(await found(registers.join('\n'))).toEqual([])
  expect(performance.now() - start).toBeLessThan(5000)
})
