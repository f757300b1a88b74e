import { create, type DescField, type DescMessage, type Message, ScalarType } from '@bufbuild/protobuf'
import type { Value } from '@bufbuild/protobuf/wkt'
import fc from 'fast-check'

import { encodeValue } from '../../src/protocol/values.ts'

/** Halves of characters by themselves, whole characters beyond 16 bits, and what JSON, URIs and headers treat in a special way. */
const units = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0xd800, max: 0xdfff }) },
  { weight: 2, arbitrary: fc.constantFrom(0, 9, 10, 13, 0x22, 0x25, 0x5c, 0x7f, 0x80, 0xff, 0x2028, 0xfeff, 0xffff) },
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 0xffff }) },
)

/** Any UTF-16 text, well-formed or not; sometimes long, so that it is cut. */
export const anyText: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom('', '', '', '😀'.repeat(60), 'a'.repeat(799), 'é'.repeat(1_000)),
    fc.array(units, { maxLength: 40 }).map((codes) => String.fromCharCode(...codes)),
    fc.constantFrom('', '', '😀'.repeat(500)),
  )
  .map((parts) => parts.join(''))

/** Any value that a call can carry, with {@link anyText} in it. */
export const anyValue: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    anyText,
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(anyText, tie('value'), { maxKeys: 3 }),
  ),
})).value

/** Any message of a type, with {@link anyText} in each text and each key. */
export function anyMessage<Type extends DescMessage>(type: Type, depth = 0): fc.Arbitrary<Message> {
  if (type.typeName === 'google.protobuf.Value') return anyValue.map((value): Value => encodeValue(value))
  const fields = type.members.map((member) => {
    if (member.kind === 'field') return fc.tuple(fc.constant(member.localName), anyField(member, depth))
    const cases = member.fields.map((field) =>
      anyField(field, depth).map((value) => ({ case: field.localName, value })),
    )
    return fc.tuple(fc.constant(member.localName), fc.oneof(...cases))
  })
  return fc.tuple(...fields).map((entries) => {
    const given = entries.filter(([, value]) => value !== undefined)
    return create<DescMessage>(type, Object.fromEntries(given))
  })
}

function anyField(field: DescField, depth: number): fc.Arbitrary<unknown> {
  switch (field.fieldKind) {
    case 'scalar':
      return anyScalar(field.scalar)
    case 'enum':
      return fc.integer({ min: 0, max: 20 })
    case 'message':
      return depth > 3 ? fc.constant(undefined) : fc.option(anyMessage(field.message, depth + 1), { nil: undefined })
    case 'list':
      if (field.listKind === 'scalar') return fc.array(anyScalar(field.scalar), { maxLength: 3 })
      if (field.listKind === 'enum') return fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 3 })
      return depth > 3 ? fc.constant([]) : fc.array(anyMessage(field.message, depth + 1), { maxLength: 3 })
    case 'map':
      if (field.mapKind === 'scalar') return fc.dictionary(anyText, anyScalar(field.scalar), { maxKeys: 3 })
      return fc.constant({})
  }
}

function anyScalar(scalar: ScalarType): fc.Arbitrary<unknown> {
  switch (scalar) {
    case ScalarType.STRING:
      return anyText
    case ScalarType.BYTES:
      return fc.uint8Array({ maxLength: 100 })
    case ScalarType.BOOL:
      return fc.boolean()
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return fc.double({ noNaN: true, min: -1e30, max: 1e30 })
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
    default:
      return fc.integer({ min: 0, max: 2 ** 31 - 1 })
  }
}
