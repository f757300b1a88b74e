/** A symbol of {@link makeElf}. */
interface MadeSymbol {
  readonly name: string
  readonly value: number
  readonly size: number
  readonly isFunction: boolean
  readonly isGlobal: boolean
}

/** The content of a file that {@link makeElf} makes. */
interface MadeElf {
  readonly is64: boolean
  readonly isLittleEndian: boolean
  readonly isArm?: boolean
  readonly entry: number
  readonly segments: readonly { readonly address: number; readonly data: Uint8Array }[]
  readonly symbols?: readonly MadeSymbol[]
}

/** Writes an ELF file with segments and a table of symbols (System V ABI, chapters 4 and 5). */
export function makeElf({ is64, isLittleEndian, isArm = true, entry, segments, symbols = [] }: MadeElf): Buffer {
  const word = is64 ? 8 : 4
  const bytes = (width: number, value: number | bigint) => {
    const field = Buffer.alloc(width)
    for (let at = 0; at < width; at++) {
      field[isLittleEndian ? at : width - 1 - at] = Number((BigInt(value) >> BigInt(8 * at)) & 0xffn)
    }
    return field
  }
  const half = (value: number) => bytes(2, value)
  const integer = (value: number) => bytes(4, value)
  const address = (value: number | bigint) => bytes(word, value)
  const headerSize = is64 ? 64 : 52
  const segmentSize = is64 ? 56 : 32
  const sectionSize = is64 ? 64 : 40
  const symbolSize = is64 ? 24 : 16

  let texts = '\0'
  const table = [Buffer.alloc(symbolSize)]
  for (const { name, value, size, isFunction, isGlobal } of symbols) {
    const [info, at] = [(isGlobal ? 16 : 0) + (isFunction ? 2 : 1), Buffer.byteLength(texts)]
    texts += `${name}\0`
    table.push(
      is64
        ? Buffer.concat([integer(at), Buffer.of(info, 0), half(1), address(value), address(size)])
        : Buffer.concat([integer(at), address(value), address(size), Buffer.of(info, 0), half(1)]),
    )
  }
  const contents = [...segments.map(({ data }) => Buffer.from(data)), Buffer.concat(table), Buffer.from(texts)]
  let offset = headerSize + segments.length * segmentSize
  const offsets = contents.map(({ length }) => {
    const here = offset
    offset += length
    return here
  })
  const [symbolsAt = 0, textsAt = 0] = offsets.slice(-2)
  const sections = [
    { type: 0, at: 0, size: 0, link: 0, entry: 0 },
    { type: 2, at: symbolsAt, size: contents.at(-2)?.length ?? 0, link: 2, entry: symbolSize },
    { type: 3, at: textsAt, size: contents.at(-1)?.length ?? 0, link: 0, entry: 0 },
  ]
  return Buffer.concat([
    Buffer.concat([Buffer.from('\x7fELF'), Buffer.of(is64 ? 2 : 1, isLittleEndian ? 1 : 2, 1), Buffer.alloc(9)]),
    ...[half(2), half(isArm ? 40 : 62), integer(1), address(entry), address(headerSize), address(offset), integer(0)],
    ...[half(headerSize), half(segmentSize), half(segments.length), half(sectionSize), half(sections.length), half(2)],
    ...segments.map(({ address: to, data: { length } }, index) => {
      const at = address(offsets[index] ?? 0)
      return is64
        ? Buffer.concat([
            integer(1),
            integer(5),
            at,
            address(to),
            address(to),
            address(length),
            address(length),
            address(1),
          ])
        : Buffer.concat([
            integer(1),
            at,
            address(to),
            address(to),
            address(length),
            address(length),
            integer(5),
            address(1),
          ])
    }),
    ...contents,
    ...sections.map(({ type, at, size, link, entry: entrySize }) =>
      Buffer.concat([
        ...[integer(0), integer(type), address(0), address(0), address(at), address(size)],
        ...[integer(link), integer(0), address(1), address(entrySize)],
      ]),
    ),
  ])
}
