import { expect, test } from 'vitest'

import { YamlReader } from '../../src/base/yaml-reader.ts'

/** Reads every mapping of a file down to its leaves. */
function read(text: string) {
  const reader = new YamlReader(text, 'desk.yaml')
  const root = reader.root()
  return { reader, root, mistakes: reader.mistakes }
}

test('pieces are read with their types; each mistake has its place and its line', () => {
  const { reader, root, mistakes } = read('name: uno\nport: "x"\nlist: [a, 1]\nlabels: { a: b, c: 2 }\nextra: 1\n')
  const map = root ?? new Map<string, unknown>()
  expect(reader.string(map.get('name'), ['name'])).toBe('uno')
  expect(reader.optionalString(map, 'missing', [])).toBeUndefined()
  expect(reader.string(map.get('missing'), ['missing'])).toBeUndefined()
  expect(reader.list(map.get('list'), ['list'])).toEqual(['a'])
  expect(reader.strings(map.get('labels'), ['labels'])).toEqual({ a: 'b', c: '' })
  expect(reader.object(map.get('name'), ['name'])).toBeUndefined()
  reader.constant(map, 'name', 'mega')
  reader.onlyKeys(map, ['name', 'port', 'list', 'labels'], [])
  expect(mistakes).toEqual([
    'missing is missing',
    'list.1 (line 3) is a number; it has to be a text',
    'labels.c (line 4) is a number; it has to be a text',
    'name (line 1) is a string; it has to be a mapping',
    "name (line 1) is 'uno'; it has to be 'mega'",
    'extra (line 5) is not a key of such an entry; it can have name, port, list, labels',
  ])
})

test('a file that is no YAML, or no mapping, has no root', () => {
  expect(read('a: [').mistakes[0]).toMatch(/^desk\.yaml:1:5: /)
  expect(read('a: 1\na: 2\n').mistakes[0]).toMatch(/^desk\.yaml:2:1: .*unique/)
  for (const text of ['', '- a', 'text']) {
    const { root, mistakes } = read(text)
    expect(root).toBeUndefined()
    expect(mistakes).toEqual([expect.stringMatching(/^the file .*it has to be a mapping$/)])
  }
})

test('YAML 1.1 booleans are read as PyYAML reads them', () => {
  const { reader, root, mistakes } = read('y: n\nno: 1\n')
  expect(reader.string(root?.get('y'), ['y'])).toBe('n')
  expect(mistakes).toEqual(['the file (line 2) has the key no, which YAML 1.1 reads as a boolean; put it in quotes'])
})

test('<< merges mappings: own keys first, then the first of several', () => {
  const { reader, root, mistakes } = read(
    'a: &a { one: a, two: a }\nb: &b { two: b, three: b }\nc:\n  <<: [*a, *b]\n  one: c\nd: { <<: 7 }\n',
  )
  expect(reader.strings(root?.get('c'), ['c'])).toEqual({ one: 'c', two: 'a', three: 'b' })
  expect(mistakes).toEqual([])
  reader.object(root?.get('d'), ['d'])
  expect(mistakes).toEqual(['d.<< (line 6) is a number; it has to be a mapping'])
})

test.each([
  ['a mapping that merges itself', 'x: &x\n  <<: *x\n  a: b\n', /x\.<<.*\(line 2\) merges itself/],
  ['an alias without an anchor', 'x: *nowhere\n', /nowhere/],
  ['deep nesting', `x: ${'['.repeat(20_000)}`, /./],
  [
    'aliases of aliases',
    [
      'a0: &a0 { k: v }',
      ...Array.from({ length: 7 }, (_, n) => `a${n + 1}: &a${n + 1} { <<: [${Array(10).fill(`*a${n}`).join(', ')}] }`),
    ].join('\n'),
    /resource exhaustion/,
  ],
])('%s is a mistake, and found soon', (_what, text, mistake) => {
  const start = performance.now()
  const { reader, root } = read(text)
  for (const [key, value] of root ?? []) {
    reader.object(value, [key])
    reader.plain(value, [key])
  }
  expect(reader.mistakes.join('\n')).toMatch(mistake)
  expect(performance.now() - start).toBeLessThan(5_000)
})
