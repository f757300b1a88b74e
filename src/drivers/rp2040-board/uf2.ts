import { HardwareError } from '../../errors.ts'
import type { ImageFormat } from '../simulated-board/flasher.ts'
import { erased } from '../simulated-board/simulator.ts'

/** USB Flashing Format, "Overall composition": the size of a block, and the numbers that mark it. */
const blockBytes = 512
const magicStart = [0x0a32_4655, 0x9e5d_5157] as const
const magicEnd = 0x0ab1_6f30
/** The place of a block's data, and of its last number. */
const dataOffset = 32
const magicEndOffset = blockBytes - 4
/** "Flags": the block is a comment, or has a file; the last number of the header is a family. */
const notMainFlash = 0x0000_0001
const fileContainer = 0x0000_1000
const familyPresent = 0x0000_2000
/** The number of the RP2040 in the format's list of families. */
const rp2040Family = 0xe48b_ff56

/** RP2040 Datasheet, section 2.8.4.2: the boot ROM wants whole pages of flash. */
const pageBytes = 256
/** RP2040 Datasheet, section 2.6.2: the flash in the processor's addresses. */
const flashAddress = 0x1000_0000
/** The part of the flash that is erased before its first page is written. */
const sectorBytes = 4096

/** A block of an image for this chip. */
interface Block {
  /** The place in front of errors: `Block 3 (byte 1536)`. */
  readonly place: string
  readonly address: number
  readonly number: number
  readonly count: number
  readonly data: Uint8Array
}

/**
 * Images in UF2 format. An image may have blocks for other chips, which are ignored, as the boot ROM does. Sectors of the flash
 * that an image does not name keep their content.
 */
export const uf2Format: ImageFormat = {
  write: async (image, flash) => write(readBlocks(image), flash),
  read: async (flash) => toUf2(flash),
}

function readBlocks(image: Buffer): Block[] {
  if (image.length === 0 || image.length % blockBytes !== 0) {
    throw invalid(`The image has ${image.length} bytes; UF2 has blocks of ${blockBytes} bytes`)
  }
  const families = new Set<number>()
  const blocks: Block[] = []
  for (let offset = 0; offset < image.length; offset += blockBytes) {
    const word = (index: number) => image.readUInt32LE(offset + 4 * index)
    const place = `Block ${offset / blockBytes} (byte ${offset})`
    if (
      word(0) !== magicStart[0] ||
      word(1) !== magicStart[1] ||
      image.readUInt32LE(offset + magicEndOffset) !== magicEnd
    ) {
      throw invalid(`${place} does not have the magic numbers of UF2`)
    }
    const [flags, address, size, number, count, family] = [word(2), word(3), word(4), word(5), word(6), word(7)]
    if ((flags & (notMainFlash | fileContainer)) !== 0 || (flags & familyPresent) === 0) continue
    families.add(family)
    if (family !== rp2040Family) continue
    if (size !== pageBytes) throw invalid(`${place} has ${size} bytes of data; the RP2040 takes ${pageBytes}`)
    const data = image.subarray(offset + dataOffset, offset + dataOffset + size)
    blocks.push({ place, address, number, count, data })
  }
  if (blocks.length > 0) return blocks
  const others = Array.from(families, hex).join(', ')
  const found = others === '' ? 'no block names a family of chips' : `its families are ${others}`
  throw invalid(`The image has no block for the RP2040 (family ${hex(rp2040Family)}); ${found}`)
}

function write(blocks: readonly Block[], before: Uint8Array): Uint8Array {
  const flash = before.slice()
  const end = flashAddress + flash.length
  const erasedSectors = new Set<number>()
  const written = new Set<number>()
  const numbers = new Set<number>()
  const [{ count } = { count: 0 }] = blocks
  for (const { place, address, number, count: itsCount, data } of blocks) {
    if (address < flashAddress || address >= end || address % pageBytes !== 0) {
      const range = `${hex(flashAddress)} to ${hex(end)} in steps of ${pageBytes}`
      throw invalid(`${place} is for the address ${hex(address)}; the flash has ${range}`)
    }
    if (itsCount !== count || number >= count) {
      throw invalid(`${place} is number ${number} of ${itsCount}; the first block says that there are ${count}`)
    }
    if (written.has(address)) throw invalid(`${place} writes to ${hex(address)} again`)
    const offset = address - flashAddress
    const sector = offset - (offset % sectorBytes)
    if (!erasedSectors.has(sector)) flash.fill(erased, sector, sector + sectorBytes)
    erasedSectors.add(sector)
    flash.set(data, offset)
    written.add(address)
    numbers.add(number)
  }
  if (numbers.size !== count) {
    const missing = Array.from({ length: count }, (_, number) => number).find((number) => !numbers.has(number))
    throw invalid(`The image has ${numbers.size} of ${count} blocks; number ${missing} is missing`)
  }
  return flash
}

/**
 * Makes a UF2 image of the pages of a flash that are not erased.
 *
 * @param flash the content, from the first byte of the flash on
 */
export function toUf2(flash: Uint8Array): Uint8Array {
  const offsets = Array.from({ length: Math.ceil(flash.length / pageBytes) }, (_, page) => page * pageBytes)
  const used = offsets.filter((offset) => flash.subarray(offset, offset + pageBytes).some((byte) => byte !== erased))
  const image = new Uint8Array(used.length * blockBytes)
  for (const [number, offset] of used.entries()) {
    const block = new DataView(image.buffer, number * blockBytes, blockBytes)
    const address = flashAddress + offset
    const header = [...magicStart, familyPresent, address, pageBytes, number, used.length, rp2040Family]
    for (const [index, value] of header.entries()) block.setUint32(4 * index, value, true)
    block.setUint32(magicEndOffset, magicEnd, true)
    const data = image.subarray(number * blockBytes + dataOffset).subarray(0, pageBytes)
    data.fill(erased).set(flash.subarray(offset, offset + pageBytes))
  }
  return image
}

function invalid(message: string): HardwareError {
  return new HardwareError('IMAGE_INVALID', message)
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`
}
