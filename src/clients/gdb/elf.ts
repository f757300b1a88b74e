import { HardwareError } from '../../errors.ts'

/** A symbol of a program. */
export interface ElfSymbol {
  readonly name: string
  /** The address; that of an instruction for a function, without the bit that marks Thumb code. */
  readonly address: bigint
  /** The size in bytes; 0 if the file does not tell it. */
  readonly size: number
  readonly isFunction: boolean
}

/** A part of a program that is put into the memory. */
export interface ElfSegment {
  /** The physical address, at which a loader puts it. Initialised data begin in the flash, for example. */
  readonly address: bigint
  readonly data: Buffer
}

/** The content of an ELF file that a debugger needs. */
export interface ElfFile {
  readonly isLittleEndian: boolean
  /** The address of the first instruction. */
  readonly entry: bigint
  readonly segments: readonly ElfSegment[]
  /** The symbols with a name, by their names. Of several with one name, a global one. */
  readonly symbols: ReadonlyMap<string, ElfSymbol>
}

/** Numbers of the ELF specification (System V ABI, chapters 4 and 5; ELF for the Arm Architecture, 5.5.3). */
const machineArm = 40
const segmentLoad = 1
const sectionSymbols = 2
const symbolObject = 1
const symbolFunction = 2
const bindLocal = 0

/**
 * Reads an ELF file of 32 or 64 bits and either byte order.
 *
 * @throws HardwareError IMAGE_INVALID for a file that is none, or that ends too early
 */
export function readElf(file: Uint8Array): ElfFile {
  if (file.length < 20 || Buffer.from(file.subarray(0, 4)).toString('latin1') !== '\x7fELF') {
    throw new HardwareError('IMAGE_INVALID', 'The file is no ELF file: it does not begin with 7f 45 4c 46')
  }
  try {
    return read(new Fields(file))
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    throw new HardwareError('IMAGE_INVALID', 'The ELF file ends too early, or points outside of itself', { cause })
  }
}

/** The fields of a file, which are words (32 or 64 bits, as the file has it), halves (16) and integers (32). */
class Fields {
  readonly is64: boolean
  readonly isLittleEndian: boolean
  readonly #file: Uint8Array
  readonly #view: DataView

  constructor(file: Uint8Array) {
    this.#file = file
    this.#view = new DataView(file.buffer, file.byteOffset, file.byteLength)
    this.is64 = file[4] === 2
    this.isLittleEndian = file[5] !== 2
  }

  byte(at: number): number {
    return this.#view.getUint8(at)
  }

  half(at: number): number {
    return this.#view.getUint16(at, this.isLittleEndian)
  }

  integer(at: number): number {
    return this.#view.getUint32(at, this.isLittleEndian)
  }

  word(at: number): bigint {
    return this.is64 ? this.#view.getBigUint64(at, this.isLittleEndian) : BigInt(this.integer(at))
  }

  bytes(at: number, length: number): Buffer {
    if (at + length > this.#file.length) throw new RangeError(`there is no byte ${at + length}`)
    return Buffer.from(this.#file.buffer, this.#file.byteOffset + at, length)
  }

  /** The text that ends with a zero. */
  text(at: number): string {
    const end = this.#file.indexOf(0, at)
    if (end < 0) throw new RangeError(`the text at ${at} has no end`)
    return this.bytes(at, end - at).toString('utf8')
  }
}

/** The places in the header, and in the entries of its tables, of the two formats. */
const layouts = {
  32: {
    header: { entry: 24, segments: 28, sections: 32, segmentSize: 42, sectionSize: 46 },
    segment: { offset: 4, address: 12, size: 16 },
    section: { offset: 16, size: 20, link: 24, entrySize: 36 },
    symbol: { value: 4, size: 8, info: 12, section: 14 },
  },
  64: {
    header: { entry: 24, segments: 32, sections: 40, segmentSize: 54, sectionSize: 58 },
    segment: { offset: 8, address: 24, size: 32 },
    section: { offset: 24, size: 32, link: 40, entrySize: 56 },
    symbol: { value: 8, size: 16, info: 4, section: 6 },
  },
} as const

function read(fields: Fields): ElfFile {
  const layout = layouts[fields.is64 ? 64 : 32]
  const { header } = layout
  const table = (offset: number, size: number) => {
    const [first, entry, count] = [Number(fields.word(offset)), fields.half(size), fields.half(size + 2)]
    return Array.from({ length: first === 0 ? 0 : count }, (_, index) => first + index * entry)
  }
  const segments = table(header.segments, header.segmentSize).flatMap((at) => {
    const { offset, address, size } = layout.segment
    const length = Number(fields.word(at + size))
    if (fields.integer(at) !== segmentLoad || length === 0) return []
    return [{ address: fields.word(at + address), data: fields.bytes(Number(fields.word(at + offset)), length) }]
  })
  const sections = table(header.sections, header.sectionSize)
  const symbols = sections
    .filter((at) => fields.integer(at + 4) === sectionSymbols)
    .flatMap((at) => readSymbols(fields, at, sections))
  return {
    isLittleEndian: fields.isLittleEndian,
    entry: fields.word(header.entry),
    segments,
    // The last one of a name counts.
    symbols: new Map(
      symbols.toSorted((one, other) => one.rank - other.rank).map(({ symbol }) => [symbol.name, symbol]),
    ),
  }
}

function readSymbols(fields: Fields, section: number, sections: readonly number[]) {
  const { section: places, symbol: parts } = layouts[fields.is64 ? 64 : 32]
  const texts = sections[fields.integer(section + places.link)]
  if (texts === undefined) throw new RangeError('the symbols have no names')
  const names = Number(fields.word(texts + places.offset))
  const first = Number(fields.word(section + places.offset))
  const entrySize = Number(fields.word(section + places.entrySize))
  const count = entrySize === 0 ? 0 : Math.floor(Number(fields.word(section + places.size)) / entrySize)
  const hasThumb = fields.half(18) === machineArm
  const found: { readonly symbol: ElfSymbol; readonly rank: number }[] = []
  for (let index = 1; index < count; index++) {
    const at = first + index * entrySize
    const info = fields.byte(at + parts.info)
    const [type, binding] = [info & 0xf, info >> 4]
    const name = fields.text(names + fields.integer(at))
    // Symbols of other types are files, sections, and marks such as $t. Section 0 is that of undefined ones.
    if (name === '' || type > symbolFunction || name.startsWith('$') || fields.half(at + parts.section) === 0) continue
    const value = fields.word(at + parts.value)
    const isFunction = type === symbolFunction
    const address = isFunction && hasThumb ? value & ~1n : value
    const rank = (binding === bindLocal ? 0 : 2) + (isFunction || type === symbolObject ? 1 : 0)
    found.push({ symbol: { name, address, size: Number(fields.word(at + parts.size)), isFunction }, rank })
  }
  return found
}
