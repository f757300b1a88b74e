import { create } from '@bufbuild/protobuf'
import { StructSchema, type Value, ValueSchema } from '@bufbuild/protobuf/wkt'

/** Values on the wire, made by hand: what a program that knows its values would write. */
export function rawValue(value: string | number): Value {
  return create(ValueSchema, {
    kind: typeof value === 'string' ? { case: 'stringValue', value } : { case: 'numberValue', value },
  })
}

/** A record on the wire. */
export function rawStruct(record: Readonly<Record<string, number>>): Value {
  const fields = Object.fromEntries(Object.entries(record).map(([key, value]) => [key, rawValue(value)]))
  return create(ValueSchema, { kind: { case: 'structValue', value: create(StructSchema, { fields }) } })
}

/** The number in a value. @throws Error when it holds anything else */
export function numberIn(value: Value | undefined): number {
  if (value?.kind.case !== 'numberValue') throw new Error('a number is missing')
  return value.kind.value
}
