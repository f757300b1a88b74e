import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'

import { LeaseTimes } from '../../../src/plugin/plan/lease-times.ts'

let root = ''
let cache = ''

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'lease-times-'))
  cache = join(root, 'node_modules/.vite/vitest')
  for (const name of ['a.test.ts', 'b.test.ts', 'c.test.ts']) writeFileSync(join(root, name), '')
})
afterEach(() => rmSync(root, { recursive: true }))

const path = (name: string) => join(root, name)
const folder = () => join(cache, 'vitest-hardware')
const stored = () => readFileSync(join(folder(), 'lease-times.json'), 'utf8')

async function load(): Promise<LeaseTimes> {
  const times = new LeaseTimes(root, cache)
  await times.load()
  return times
}

test('a later run knows what an earlier one measured, and the last time counts', async () => {
  const first = await load()
  expect(first.of(path('a.test.ts'))).toBeUndefined()
  first.record(path('a.test.ts'), 1.4)
  first.record(path('a.test.ts'), 1234.5)
  first.record(path('b.test.ts'), 7)
  expect(first.of(path('a.test.ts')), 'in a run of watch mode').toBe(1235)
  await first.write()

  const second = await load()
  expect(second.of(path('a.test.ts'))).toBe(1235)
  expect(second.of(path('b.test.ts'))).toBe(7)
  second.record(path('b.test.ts'), 8)
  await second.write()
  expect((await load()).of(path('a.test.ts')), 'a file that did not run is not forgotten').toBe(1235)
  expect((await load()).of(path('b.test.ts'))).toBe(8)
})

test('paths are relative to the root, so that a cache can be used elsewhere', async () => {
  const times = await load()
  times.record(path('a.test.ts'), 5)
  await times.write()
  expect(JSON.parse(stored())).toEqual({ version: 1, files: { 'a.test.ts': 5 } })
})

test('files that are no more are forgotten', async () => {
  const times = await load()
  for (const name of ['a.test.ts', 'b.test.ts']) times.record(path(name), 5)
  await times.write()
  rmSync(path('a.test.ts'))
  const later = await load()
  later.record(path('c.test.ts'), 6)
  await later.write()
  expect(JSON.parse(stored()).files).toEqual({ 'b.test.ts': 5, 'c.test.ts': 6 })
})

test('runs that end at the same time leave a whole file, and no other', async () => {
  const runs = Array.from({ length: 20 }, () => new LeaseTimes(root, cache))
  runs.forEach((run, i) => run.record(path('a.test.ts'), i))
  await Promise.all(runs.map((run) => run.write()))
  expect(JSON.parse(stored()).files['a.test.ts']).toBeLessThan(20)
  expect(readdirSync(folder())).toEqual(['lease-times.json'])
})

test('a broken file says nothing, and is replaced', async () => {
  mkdirSync(folder(), { recursive: true })
  const broken = fc.oneof(
    fc.string(),
    fc.json(),
    fc.json().map((files) => `{ "version": 1, "files": ${files} }`),
    fc
      .constantFrom('', '.', '..', '/', 'a\0b', '__proto__')
      .map((key) => JSON.stringify({ version: 1, files: { [key]: 5 } })),
    fc.constantFrom('{ "version": 2, "files": { "a.test.ts": 5 } }', '{ "version": 1, "files": { "a.test.ts": -5 } }'),
    fc.constantFrom(
      '{ "version": 1, "files": { "a.test.ts": "5" } }',
      '{ "version": 1, "files": { "a.test.ts": 1e999 } }',
    ),
  )
  await fc.assert(
    fc.asyncProperty(broken, async (text) => {
      writeFileSync(join(folder(), 'lease-times.json'), text)
      const times = await load()
      expect(times.of(path('a.test.ts'))).toBeUndefined()
      times.record(path('b.test.ts'), 1)
      await times.write()
      expect(JSON.parse(stored()).files).toEqual({ 'b.test.ts': 1 })
    }),
    { numRuns: 200 },
  )
})

test('without a cache, or where it cannot be written, a run still knows its own times', async () => {
  writeFileSync(path('file'), '')
  for (const nowhere of [undefined, path('file')]) {
    const times = new LeaseTimes(root, nowhere)
    await times.load()
    times.record(path('a.test.ts'), 3)
    await times.write()
    expect(times.of(path('a.test.ts'))).toBe(3)
  }
})

test('what is not measured is not written', async () => {
  await (await load()).write()
  expect(() => stored()).toThrow('ENOENT')
})
