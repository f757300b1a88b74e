import { createWriteStream } from 'node:fs'
import { pipeline as pipe, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createZstdDecompress } from 'node:zlib'

import { HardwareError, messageOf } from '../../errors.ts'
import { decompressInThread } from '../../runtime/content/pool.ts'

/** The first bytes of compressed files (RFC 1952 2.3.1; RFC 8878 3.1.1; the .xz file format 2.1.1.1; bzip2's manual). */
const magics = {
  gzip: Buffer.from('1f8b08', 'hex'),
  zstd: Buffer.from('28b52ffd', 'hex'),
  xz: Buffer.from('fd377a585a00', 'hex'),
  bz2: Buffer.from('425a68', 'hex'),
} as const

type Compression = keyof typeof magics

const longestMagic = 6

/**
 * Writes an image into a file. An image whose first bytes are those of a compressed file is decompressed.
 *
 * @throws HardwareError IMAGE_INVALID when it cannot be decompressed
 */
export async function writeImage(image: Readable, file: string, signal: AbortSignal): Promise<void> {
  const { head, rest } = await readHead(image)
  const compression = (Object.keys(magics) as Compression[]).find((name) => head.indexOf(magics[name]) === 0)
  const raw = Readable.from(join(head, rest), { objectMode: false })
  try {
    const content = compression === undefined ? raw : await decompress(raw, compression)
    await pipeline(content, createWriteStream(file), { signal })
  } catch (cause) {
    if (compression === undefined || cause instanceof HardwareError || signal.aborted || image.errored !== null) {
      throw cause
    }
    const message = `The image cannot be decompressed as ${compression}: ${messageOf(cause)}`
    throw new HardwareError('IMAGE_INVALID', message, { cause })
  }
}

async function decompress(raw: Readable, compression: Compression): Promise<Readable> {
  switch (compression) {
    case 'gzip':
      return pipe(raw, createGunzip(), () => undefined)
    case 'zstd':
      return pipe(raw, createZstdDecompress(), () => undefined)
    default:
      return decompressInThread(raw, compression)
  }
}

async function readHead(image: Readable): Promise<{ head: Buffer; rest: AsyncIterator<Buffer> }> {
  const rest = image[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  let head = Buffer.alloc(0)
  while (head.length < longestMagic) {
    const { value, done } = await rest.next()
    if (done === true) break
    head = Buffer.concat([head, value])
  }
  return { head, rest }
}

async function* join(head: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  if (head.length > 0) yield head
  for (;;) {
    const { value, done } = await rest.next()
    if (done === true) return
    yield value
  }
}
