import type { WaitOptions } from '../../base/wait-options.ts'
import { HardwareError } from '../../errors.ts'
import type { ElfFile, ElfSegment } from './elf.ts'
import { hex, type GdbTarget } from './target.ts'

/** The longest that a stub may take to erase or to finish the flash, in milliseconds. */
const flashTimeoutMs = 120_000
/** The bytes that are written, or compared, between two reports of the progress. */
const pieceBytes = 16 * 1024

/** The state of a load. */
export interface LoadProgress {
  readonly phase: 'write' | 'verify'
  /** The bytes that are done, and all bytes, of this phase. */
  readonly done: number
  readonly total: number
}

/** Options of {@link loadProgram}. */
export interface LoadOptions extends WaitOptions {
  /** True to read the memory back, and to compare it (default true). */
  readonly verify?: boolean | undefined
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined
}

/** A part of the target's flash. */
interface FlashRegion {
  readonly start: bigint
  readonly length: bigint
  readonly blockSize: bigint
}

/**
 * Writes the segments of a program into the memory, through the stub's packets for flash where its memory map has flash, and reads
 * them back.
 *
 * @throws HardwareError DEVICE_IO for a memory that does not take the program, or differs afterwards
 */
export async function loadProgram(target: GdbTarget, elf: ElfFile, options: LoadOptions): Promise<void> {
  const { verify = true, onProgress, signal } = options
  const regions = await readFlashRegions(target, { signal })
  const isFlash = ({ address }: ElfSegment) => regions.some((region) => isInside(region, address))
  const total = elf.segments.reduce((sum, { data }) => sum + data.length, 0)
  let done = 0
  const progress = (phase: LoadProgress['phase'], bytes: number) => {
    done += bytes
    onProgress?.({ phase, done, total })
  }
  const flash = elf.segments.filter(isFlash)
  await eraseFlash(target, flash, regions, signal)
  for (const segment of elf.segments) {
    for (const { address, data } of pieces(segment)) {
      if (isFlash(segment)) await writeFlash(target, address, data, signal)
      else await target.writeMemory(address, data, { signal })
      progress('write', data.length)
    }
  }
  if (flash.length > 0) await target.do('vFlashDone', 'finishing the flash', { timeoutMs: flashTimeoutMs, signal })
  if (!verify) return
  done = 0
  for (const { address, data } of elf.segments.flatMap((segment) => Array.from(pieces(segment)))) {
    const found = await target.readMemory(address, data.length, { signal })
    const at = data.findIndex((byte, index) => byte !== found[index])
    if (at >= 0) {
      const [expected, is] = [data[at] ?? 0, found[at] ?? 0]
      const place = hex(address + BigInt(at))
      const text = `the program was not written: 0x${place} has 0x${hex(is)} in place of 0x${hex(expected)}`
      throw target.error('DEVICE_IO', text)
    }
    progress('verify', data.length)
  }
}

function* pieces({ address, data }: ElfSegment): Generator<ElfSegment> {
  for (let at = 0; at < data.length; at += pieceBytes) {
    yield { address: address + BigInt(at), data: data.subarray(at, at + pieceBytes) }
  }
}

/** Erases all blocks that the segments touch, each once. */
async function eraseFlash(
  target: GdbTarget,
  segments: readonly ElfSegment[],
  regions: readonly FlashRegion[],
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const region of regions) {
    const { start, blockSize } = region
    const inside = segments.filter(({ address }) => isInside(region, address))
    const blocks = new Set<bigint>()
    for (const { address, data } of inside) {
      const last = (address - start + BigInt(data.length) - 1n) / blockSize
      for (let block = (address - start) / blockSize; block <= last; block++) blocks.add(block)
    }
    for (const block of blocks) {
      const at = start + block * blockSize
      const packet = `vFlashErase:${hex(at)},${hex(blockSize)}`
      await target.do(packet, `erasing the flash at 0x${hex(at)}`, { timeoutMs: flashTimeoutMs, signal })
    }
  }
}

/** A packet has half of its size for data, because each byte may be escaped. */
async function writeFlash(
  target: GdbTarget,
  address: bigint,
  data: Buffer,
  signal: AbortSignal | undefined,
): Promise<void> {
  const most = Math.floor((target.features.packetSize - 40) / 2)
  for (let at = 0; at < data.length; at += most) {
    const to = hex(address + BigInt(at))
    const packet = Buffer.concat([Buffer.from(`vFlashWrite:${to}:`), data.subarray(at, at + most)])
    await target.do(packet, `writing the flash at 0x${to}`, { timeoutMs: flashTimeoutMs, signal })
  }
}

/** Reads the parts of the memory that are flash (GDB manual, "Memory Map Format"). */
async function readFlashRegions(target: GdbTarget, limits: WaitOptions): Promise<readonly FlashRegion[]> {
  if (!target.features.has('qXfer:memory-map:read')) return []
  const text = (await target.readObject('memory-map:read:', limits)) ?? ''
  return Array.from(text.matchAll(/<memory\s(?<tag>[^>]*[^>/])>(?<body>[\s\S]*?)<\/memory>/g)).flatMap(
    ({ groups = {} }) => {
      const { tag = '', body = '' } = groups
      const attribute = (name: string) => new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1] ?? ''
      const blockSize = /<property\s+name="blocksize"\s*>\s*([^<\s]+)/.exec(body)?.[1] ?? ''
      if (attribute('type') !== 'flash') return []
      const numbers = [attribute('start'), attribute('length'), blockSize]
      if (!numbers.every((number) => /^(?:0x[\da-f]+|\d+)$/i.test(number)) || BigInt(blockSize) === 0n) {
        throw new HardwareError('RESULT_INVALID', `The stub's memory map has a flash without its sizes: <memory${tag}>`)
      }
      return [{ start: BigInt(attribute('start')), length: BigInt(attribute('length')), blockSize: BigInt(blockSize) }]
    },
  )
}

function isInside({ start, length }: FlashRegion, address: bigint): boolean {
  return address >= start && address < start + length
}
