import { createWriteStream } from 'node:fs'
import { open, readFile, rename, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

import { HardwareError, messageOf } from '../../errors.ts'
import type { CommandFlasherConfig } from './config.ts'
import type { ImageKind, Recipe } from './recipe.ts'

/** The type of the last record of an image (Intel, Hexadecimal Object File Format Specification). */
const endRecord = 1

/** A file with an image for a tool. */
export interface ReceivedImage {
  readonly file: string
  readonly kind: ImageKind
  readonly bytes: number
}

/** Options of {@link receiveImage}. */
export interface ReceiveOptions {
  readonly recipe: Recipe
  readonly config: CommandFlasherConfig
  readonly signal: AbortSignal
}

/** The names of the kinds in messages, and the ends of files by which several tools know them. */
const kinds: Readonly<Record<ImageKind, { readonly name: string; readonly suffix: string }>> = {
  hex: { name: 'Intel HEX', suffix: '.hex' },
  srec: { name: 'S-records', suffix: '.srec' },
  elf: { name: 'ELF', suffix: '.elf' },
  uf2: { name: 'UF2', suffix: '.uf2' },
  esp: { name: 'an image of Espressif', suffix: '.bin' },
  raw: { name: 'bytes without a format', suffix: '.bin' },
}

/**
 * Writes an image into a folder and recognizes its kind.
 *
 * @throws HardwareError IMAGE_INVALID for an image that the tool cannot take, DEVICE_IO with origin `lab` when the disk is full
 */
export async function receiveImage(
  content: Readable,
  folder: string,
  { recipe, config, signal }: ReceiveOptions,
): Promise<ReceivedImage> {
  const path = join(folder, 'image')
  await pipeline(content, createWriteStream(path), { signal }).catch((cause: unknown) => {
    throw explainDisk(cause)
  })
  const { size: bytes } = await stat(path)
  if (bytes === 0) throw new HardwareError('IMAGE_INVALID', 'The image is empty')
  const kind = await kindOf(path, recipe)
  if (kind === 'hex') await requireWholeHex(path)
  const board = recipe.otherBoard?.(await readFile(path), config)
  if (board !== undefined) {
    const details = { expected: config.chip, found: board }
    throw new HardwareError('IMAGE_INVALID', `The image is for ${board}; the board has ${config.chip}`, { details })
  }
  const file = `${path}${kinds[kind].suffix}`
  await rename(path, file)
  return { file, kind, bytes }
}

/** Explains the failure of a write to the exporter's disk. Other errors stay. */
export function explainDisk(cause: unknown): unknown {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return cause
  const message = `The exporter's disk has no room for the image, in ${tmpdir()} (TMPDIR): ${messageOf(cause)}`
  return new HardwareError('DEVICE_IO', message, { cause, origin: 'lab' })
}

async function kindOf(path: string, recipe: Recipe): Promise<ImageKind> {
  await using file = await open(path)
  const { buffer, bytesRead } = await file.read(Buffer.alloc(16), 0, 16, 0)
  const kind = recognize(buffer.subarray(0, bytesRead))
  if (recipe.kinds.includes(kind)) return kind
  // Raw bytes may begin as an image of Espressif does.
  if (kind === 'esp' && recipe.kinds.includes('raw')) return 'raw'
  const taken = recipe.kinds.map((taken) => kinds[taken].name).join(', ')
  throw new HardwareError('IMAGE_INVALID', `The image is ${kinds[kind].name}; ${recipe.program} takes ${taken}`)
}

/**
 * Checks the lines of an image in Intel HEX and their sums. Some tools take a damaged one for bytes without a format, and write its text.
 *
 * @throws HardwareError IMAGE_INVALID with the number of the line
 */
async function requireWholeHex(path: string): Promise<void> {
  const lines = (await readFile(path, 'latin1')).trimEnd().split(/\r\n|[\r\n]/)
  for (const [index, line] of lines.entries()) {
    const bytes = /^:(?:[\dA-F]{2}){5,}$/i.test(line) ? Buffer.from(line.slice(1), 'hex') : undefined
    const sum = bytes?.reduce((total, byte) => (total + byte) & 0xff, 0)
    if (bytes === undefined || sum !== 0 || bytes[0] !== bytes.length - 5) {
      throw new HardwareError(
        'IMAGE_INVALID',
        `Line ${index + 1} of the image is damaged: it is no record of Intel HEX`,
      )
    }
    if (bytes[3] === endRecord) return
  }
  throw new HardwareError('IMAGE_INVALID', `The image is cut off: it has no last record of Intel HEX`)
}

/** Recognizes a kind by the first bytes (ELF-64, section 3; UF2, <https://github.com/microsoft/uf2>; esptool, Firmware Image Format). */
function recognize(head: Buffer): ImageKind {
  const text = head.toString('latin1')
  if (/^:[\dA-F]{8}/i.test(text)) return 'hex'
  if (/^S[0-37-9][\dA-F]{4}/i.test(text)) return 'srec'
  if (text.startsWith('\x7fELF')) return 'elf'
  if (text.startsWith('UF2\n')) return 'uf2'
  return head[0] === 0xe9 ? 'esp' : 'raw'
}
