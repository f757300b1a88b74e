import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { checkConfig, findMistakes, isRecord, rules } from '../../src/base/check.ts'
import { Mistake } from '../../src/base/mistake.ts'

test('isRecord is true for objects with keys alone', () => {
  expect([{}, { a: 1 }, Object.create(null)].map(isRecord)).toEqual([true, true, true])
  expect([null, undefined, [], 'a', 1, () => undefined].map(isRecord)).toEqual(Array(6).fill(false))
})

describe('rules', () => {
  const is = (rule: keyof Omit<typeof rules, 'optional' | 'oneOf' | 'wholeNumber'>) => (value: unknown) =>
    rules[rule](value) === undefined

  test.each<[keyof Omit<typeof rules, 'optional' | 'oneOf' | 'wholeNumber'>, right: unknown[], wrong: unknown[]]>([
    ['text', ['a', ' '], ['', 1, null, undefined, ['a']]],
    ['flag', [true, false], ['true', 0, null, undefined]],
    ['port', [1, 65_535], [0, 65_536, 1.5, '80', NaN, Infinity, null]],
    ['count', [1, 2 ** 40], [0, -1, 0.5, '1', Infinity, null]],
    ['amount', [0, 0.5, 1e9], [-0.1, '1', NaN, Infinity, null]],
    ['seconds', [0.1, 1e9], [0, -1, '1', NaN, Infinity, null]],
    ['texts', [['a'], ['', 'b']], [[], 'a', [1], null]],
    ['object', [{}, { a: 1 }], [[], 'a', null, undefined]],
    ['secret', ['a', ''], [1234, ['a'], null, undefined]],
  ])('%s', (rule, right, wrong) => {
    expect(right.map(is(rule))).toEqual(right.map(() => true))
    expect(wrong.map(is(rule))).toEqual(wrong.map(() => false))
  })

  test('no message shows a secret', () => {
    expect(findMistakes({ password: 4711 }, { password: rules.secret }).map(String)).toEqual([
      'password is missing, or is no text; a number has to be in quotes',
    ])
  })

  test('a key has one of some texts', () => {
    const rule = rules.oneOf('tcp', 'udp')
    expect(['tcp', 'udp'].map(rule)).toEqual([undefined, undefined])
    expect([['tcp'], 'sctp', ''].map(rule)).toEqual([
      'is ["tcp"]; it has to be tcp or udp',
      'is "sctp"; it has to be tcp or udp',
      'is missing; it has to be tcp or udp',
    ])
  })

  test('a key has a whole number of a range, its ends included', () => {
    const rule = rules.wholeNumber(0, 10)
    expect([0, 10].map(rule)).toEqual([undefined, undefined])
    expect([-1, 11, 1.5, '1'].map(rule)).toEqual(
      ['-1', '11', '1.5', '"1"'].map((shown) => `is ${shown}; it has to be a whole number from 0 to 10`),
    )
  })

  test('an optional key may be left out, or be null, and else has to be right', () => {
    const rule = rules.optional(rules.count)
    expect([undefined, null, 3].map(rule)).toEqual([undefined, undefined, undefined])
    expect(rule(0)).toBe('is 0; it has to be a whole number above 0')
  })
})

test('all mistakes are named at once', () => {
  const known = { port: rules.port, name: rules.text, speed: rules.optional(rules.count) }
  expect(findMistakes({ port: 1, name: 'a' }, known)).toEqual([])
  expect(() => checkConfig({ port: 'x', speed: 0, sped: 1, constructor: 2 }, known)).toThrow(
    new TypeError(
      'port is "x"; it has to be a number from 1 to 65535; name is missing; it has to be a text; speed is 0; it has to be a whole number above 0; sped is an unknown key; known keys: port, name, speed; constructor is an unknown key; known keys: port, name, speed',
    ),
  )
  expect(findMistakes({ nmae: 1 }, { name: rules.text }, ['methods', 'l.s'])).toEqual([
    new Mistake(['methods', 'l.s', 'name'], 'is missing; it has to be a text'),
    new Mistake(['methods', 'l.s', 'nmae'], 'is an unknown key; known keys: name'),
  ])
  expect(findMistakes({ name: 1 }, {}).map(String)).toEqual(['name is an unknown key; known keys: none'])
  expect(findMistakes([1], known, ['methods', 'ls']).map(String)).toEqual(['methods.ls is [1]; it has to be an object'])
})

test('nothing counts by inheritance', () => {
  expect(findMistakes({}, { toString: rules.text }).map(String)).toEqual(['toString is missing; it has to be a text'])
  const hostile = JSON.parse('{"__proto__": {"name": "x"}}') as unknown
  expect(findMistakes(hostile, { name: rules.text })).toHaveLength(2)
})

test('any value can be shown, and briefly', () => {
  const circle: Record<string, unknown> = {}
  circle['self'] = circle
  for (const value of [circle, 1n, Symbol('x'), () => undefined, 'x'.repeat(1 << 20)]) {
    const mistake = String(findMistakes({ port: value }, { port: rules.port })[0])
    expect(mistake).toMatch(/^port is .+; it has to be a number from 1 to 65535$/s)
    expect(mistake.length).toBeLessThan(300)
  }
  fc.assert(
    fc.property(fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true }), (config) => {
      for (const mistake of findMistakes(config, { port: rules.port })) expect(mistake.text).toMatch(/\w/)
    }),
  )
})
