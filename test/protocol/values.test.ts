import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { fromBinary, toBinary } from '@bufbuild/protobuf'
import { ValueSchema } from '@bufbuild/protobuf/wkt'

import { decodeValue, encodeValue } from '../../src/protocol/values.ts'

const overTheWire = (value: unknown) => decodeValue(fromBinary(ValueSchema, toBinary(ValueSchema, encodeValue(value))))

test('any JSON value survives', () => {
  const json = fc.jsonValue({ maxDepth: 8 })
  fc.assert(
    fc.property(json, (value) => {
      expect(overTheWire(value)).toEqual(value)
    }),
  )
})

describe('what JSON does not have', () => {
  test.each([
    [undefined, undefined],
    [null, null],
    [NaN, null],
    [-Infinity, null],
    [12n, 12],
    [new Date(0), '1970-01-01T00:00:00.000Z'],
    [new Map([['a', 1]]), { a: 1 }],
    [new Set([1, 2]), [1, 2]],
    [new URL('http://example.com/x'), 'http://example.com/x'],
    [
      [undefined, 1],
      [null, 1],
    ],
    [{ a: undefined, b: 1 }, { b: 1 }],
    [{ a: NaN }, { a: null }],
  ])('%o arrives as %o', (sent, received) => {
    expect(overTheWire(sent)).toEqual(received)
  })

  test('an own property __proto__ changes no prototype', () => {
    const received = overTheWire(JSON.parse('{"__proto__": {"polluted": true}}')) as object
    expect(Object.getPrototypeOf(received)).toBe(Object.prototype)
    expect(Object.keys(received)).toEqual(['__proto__'])
  })

  test.each([
    [Buffer.from('x'), /is bytes; send them through a resource/],
    [[[new Uint8Array(1)]], /^value\[0\]\[0\] is bytes/],
    [{ a: { b: () => 1 } }, /^value\.a\.b is a function/],
    [Symbol('s'), /is a symbol/],
    [2n ** 60n, /beyond 2\^53/],
    [cycle(), /nested deeper than 32 levels/],
  ])('%o is refused', (value, message) => {
    expect(() => encodeValue(value)).toThrow(
      expect.objectContaining({ code: 'VALUE_UNSUPPORTED', message: expect.stringMatching(message) }),
    )
  })
})

function cycle(): unknown {
  const value: Record<string, unknown> = {}
  value['self'] = value
  return value
}
