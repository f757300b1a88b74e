import { create } from '@bufbuild/protobuf'
import { ListValueSchema, NullValue, StructSchema, type Value, ValueSchema } from '@bufbuild/protobuf/wkt'

import { HardwareError } from '../errors.ts'

/**
 * The depth to which values may nest. Peers built on protobuf's C++ core stop at 100 messages, and each level of a struct is
 * three of them.
 */
const maxDepth = 32

/**
 * Encodes a JavaScript value as the wire's `google.protobuf.Value`: null, booleans, strings, finite numbers, arrays and
 * plain objects as themselves; NaN and infinities as null; Date as ISO 8601; Map as an object, Set as an array;
 * anything with `toJSON` as that returns. An `undefined` property is left out, any other `undefined` is null.
 *
 * @param path the name of the value in errors: `argument 1`
 * @throws {@link HardwareError} VALUE_UNSUPPORTED for bytes, functions, symbols, unsafe bigints, cycles and values
 *   nested deeper than 32 levels
 */
export function encodeValue(value: unknown, path = 'value'): Value {
  return encode(value, path, 0)
}

function encode(value: unknown, path: string, depth: number): Value {
  if (depth > maxDepth) throw unsupported(path, `is nested deeper than ${maxDepth} levels (or contains itself)`)
  switch (typeof value) {
    case 'undefined':
      return depth === 0 ? create(ValueSchema) : nullValue()
    case 'boolean':
      return create(ValueSchema, { kind: { case: 'boolValue', value } })
    case 'string':
      return create(ValueSchema, { kind: { case: 'stringValue', value } })
    case 'number':
      return Number.isFinite(value) ? create(ValueSchema, { kind: { case: 'numberValue', value } }) : nullValue()
    case 'bigint':
      if (!Number.isSafeInteger(Number(value))) {
        throw unsupported(path, 'is a bigint beyond 2^53, which a number on the wire cannot hold; send it as a string')
      }
      return create(ValueSchema, { kind: { case: 'numberValue', value: Number(value) } })
    case 'object':
      return value === null ? nullValue() : encodeObject(value, path, depth)
    default:
      throw unsupported(path, `is a ${typeof value}`)
  }
}

function encodeObject(value: object, path: string, depth: number): Value {
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
    throw unsupported(path, 'is bytes; send them through a resource or a byte stream, or as a base64 string')
  }
  if ('toJSON' in value && typeof value.toJSON === 'function') return encode(value.toJSON(), path, depth + 1)
  if (Array.isArray(value) || value instanceof Set) {
    const values = Array.from(value, (item, index) => encode(item, `${path}[${index}]`, depth + 1))
    return create(ValueSchema, { kind: { case: 'listValue', value: create(ListValueSchema, { values }) } })
  }
  const struct = create(StructSchema)
  const entries = value instanceof Map ? value.entries() : Object.entries(value)
  for (const [key, item] of entries) {
    if (item === undefined) continue
    setOwn(struct.fields, String(key), encode(item, `${path}.${String(key)}`, depth + 1))
  }
  return create(ValueSchema, { kind: { case: 'structValue', value: struct } })
}

/** Decodes a value from the wire. One without a kind, or none at all, is `undefined`. */
export function decodeValue(value: Value | undefined): unknown {
  const kind = value?.kind
  if (kind === undefined) return undefined
  switch (kind.case) {
    case 'nullValue':
      return null
    case 'listValue':
      return kind.value.values.map((item) => decodeValue(item) ?? null)
    case 'structValue': {
      const object: Record<string, unknown> = {}
      for (const [key, item] of Object.entries(kind.value.fields)) setOwn(object, key, decodeValue(item) ?? null)
      return object
    }
    default:
      return kind.value
  }
}

function nullValue(): Value {
  return create(ValueSchema, { kind: { case: 'nullValue', value: NullValue.NULL_VALUE } })
}

/** Assigns an own property, also one named `__proto__`. */
function setOwn<T>(target: Record<string, T>, key: string, value: T): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true })
  } else {
    target[key] = value
  }
}

function unsupported(path: string, what: string): HardwareError {
  return new HardwareError('VALUE_UNSUPPORTED', `${path} ${what}`)
}
