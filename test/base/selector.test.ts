import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { holds, matchesSelector, parseSelector, type Requirement } from '../../src/base/selector.ts'

const matches = (labels: Record<string, string>, selector: string) => matchesSelector(labels, parseSelector(selector))

describe('operators', () => {
  test.each<[selector: string, requirements: Requirement[]]>([
    ['', []],
    [' \t\n', []],
    ['board=rpi4', [{ key: 'board', operator: 'In', values: ['rpi4'] }]],
    ['board==rpi4', [{ key: 'board', operator: 'In', values: ['rpi4'] }]],
    ['board!=rpi4', [{ key: 'board', operator: 'NotIn', values: ['rpi4'] }]],
    ['board in (rpi4,uno)', [{ key: 'board', operator: 'In', values: ['rpi4', 'uno'] }]],
    ['board notin (rpi4)', [{ key: 'board', operator: 'NotIn', values: ['rpi4'] }]],
    ['board', [{ key: 'board', operator: 'Exists', values: [] }]],
    ['!board', [{ key: 'board', operator: 'DoesNotExist', values: [] }]],
    ['board=', [{ key: 'board', operator: 'In', values: [''] }]],
    ['board!=', [{ key: 'board', operator: 'NotIn', values: [''] }]],
    ['board in (,a)', [{ key: 'board', operator: 'In', values: ['', 'a'] }]],
    ['board in ()', [{ key: 'board', operator: 'In', values: [''] }]],
    ['jumpstarter.dev/name=v1.2_x-y', [{ key: 'jumpstarter.dev/name', operator: 'In', values: ['v1.2_x-y'] }]],
  ])('%j', (selector, requirements) => {
    expect(parseSelector(selector)).toEqual(requirements)
  })

  test('whitespace may stand between all parts, and is needed only before a word', () => {
    const spacious = parseSelector('  a  =  1 ,\tb\n!= 2 , c  in  ( 3 , 4 ) , d notin\t( 5 ) ,  ! e , f  ')
    expect(spacious).toEqual(parseSelector('a=1,b!=2,c in(3,4),d notin(5),!e,f'))
    expect(spacious.map(({ operator }) => operator)).toEqual(['In', 'NotIn', 'In', 'NotIn', 'DoesNotExist', 'Exists'])
  })

  test("labels may be called 'in' and 'notin'", () => {
    expect(parseSelector('in,notin,!in,in=a,notin!=in')).toHaveLength(5)
    expect(parseSelector('in in (in), notin notin (notin)')).toEqual([
      { key: 'in', operator: 'In', values: ['in'] },
      { key: 'notin', operator: 'NotIn', values: ['notin'] },
    ])
    expect(parseSelector('inside,notinside')).toEqual([
      { key: 'inside', operator: 'Exists', values: [] },
      { key: 'notinside', operator: 'Exists', values: [] },
    ])
  })
})

describe('matching', () => {
  const labels = { board: 'rpi4', arch: 'arm64', 'jumpstarter.dev/name': 'lab-1', empty: '' }

  test.each([
    ['', true],
    ['board=rpi4', true],
    ['board=rpi4,arch=x86', false],
    ['board in (uno, rpi4), arch notin (x86)', true],
    ['board notin (uno, rpi4)', false],
    ['jumpstarter.dev/name==lab-1', true],
    ['board, empty, !absent', true],
    ['!board', false],
    ['absent', false],
    ['empty=', true],
    ['board=', false],
    ['absent=', false],
    ['Board=rpi4', false],
    ['board=RPI4', false],
  ])('%j: %j', (selector, expected) => {
    expect(matches(labels, selector)).toBe(expected)
  })

  test('as in Kubernetes, != and notin hold where there is no such label, = and in do not', () => {
    expect(matches({}, 'a!=1')).toBe(true)
    expect(matches({}, 'a notin (1,2)')).toBe(true)
    expect(matches({}, 'a!=')).toBe(true)
    expect(matches({}, 'a=1')).toBe(false)
    expect(matches({}, 'a in (1,2)')).toBe(false)
  })

  test('nothing matches by inheritance', () => {
    for (const key of ['constructor', 'toString', '__proto__']) {
      expect(holds({}, { key, operator: 'Exists', values: [] })).toBe(false)
      expect(holds({}, { key, operator: 'DoesNotExist', values: [] })).toBe(true)
    }
    expect(matches({}, 'constructor')).toBe(false)
    const own = JSON.parse('{"__proto__": "a", "constructor": "b"}') as Record<string, string>
    expect(holds(own, { key: '__proto__', operator: 'In', values: ['a'] })).toBe(true)
    expect(matches(own, 'constructor=b')).toBe(true)
  })
})

describe('mistakes', () => {
  test.each([
    [',', 'the name of a label', 1],
    ['=a', 'the name of a label', 1],
    ['!', 'the name of a label', 2],
    ['! =a', 'the name of a label', 3],
    ['-a', 'the name of a label', 1],
    ['__proto__', 'the name of a label', 1],
    ['a,', 'the name of a label', 3],
    ['a, ,b', 'the name of a label', 4],
    ['a b', "',' or the end", 3],
    ['a=b c', "',' or the end", 5],
    ['a=b-', "',' or the end", 4],
    ['a=-b', "',' or the end", 3],
    ['a==="b"', "',' or the end", 4],
    ['a="b"', "',' or the end", 3],
    ['a-', "',' or the end", 2],
    ['a>1', "',' or the end", 2],
    ['!a=b', "',' or the end", 3],
    ['a in', "',' or the end", 3],
    ['a inn (b)', "',' or the end", 3],
    ['a in (b))', "',' or the end", 9],
    ['a (b)', "',' or the end", 3],
    ['a in b', "'('", 6],
    ['a notin  b', "'('", 10],
    ['a in (b', "',' or ')'", 8],
    ['a in (b c)', "',' or ')'", 9],
    ['a in (b;c)', "',' or ')'", 8],
  ])('%j: expected %s at character %i', (selector, what, character) => {
    expect(() => parseSelector(selector)).toThrow(
      expect.objectContaining({
        code: 'SELECTOR_INVALID',
        origin: 'test',
        message: `Invalid selector, expected ${what} at character ${character}:\n${selector}\n${' '.repeat(character - 1)}^`,
      }),
    )
  })
})

test('a selector made of requirements is read as these requirements', () => {
  const space = fc.stringMatching(/^[ \t\n]{0,2}$/)
  const key = fc.oneof(
    fc.constantFrom('in', 'notin', 'jumpstarter.dev/name'),
    fc.stringMatching(/^([A-Za-z\d]([A-Za-z\d.-]*[A-Za-z\d])?\/)?[A-Za-z\d]([\w.-]*[A-Za-z\d])?$/),
  )
  const value = fc.oneof(fc.constantFrom('', 'in'), fc.stringMatching(/^[A-Za-z\d]([\w.-]*[A-Za-z\d])?$/))
  const written = fc.oneof(
    fc.record({ key, form: fc.constantFrom('=', '==', '!='), values: fc.tuple(value) }),
    fc.record({ key, form: fc.constantFrom('in', 'notin'), values: fc.array(value, { minLength: 1, maxLength: 4 }) }),
    fc.record({ key, form: fc.constantFrom('', '!'), values: fc.constant([]) }),
  )
  const operators: Record<string, Requirement['operator']> = {
    '=': 'In',
    '==': 'In',
    in: 'In',
    '!=': 'NotIn',
    notin: 'NotIn',
    '': 'Exists',
    '!': 'DoesNotExist',
  }
  fc.assert(
    fc.property(fc.array(written, { maxLength: 6 }), space, (conditions, s) => {
      const texts = conditions.map(({ key, form, values }) => {
        if (form === '' || form === '!') return `${form}${s}${key}`
        if (form.endsWith('in')) return `${key} ${s}${form}${s}(${s}${values.join(`${s},${s}`)}${s})`
        return `${key}${s}${form}${s}${values[0]}`
      })
      expect(parseSelector(`${s}${texts.join(`${s},${s}`)}${s}`)).toEqual(
        conditions.map(({ key, form, values }) => ({ key, operator: operators[form], values })),
      )
    }),
  )
})
