import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip, createZstdCompress, createZstdDecompress } from 'node:zlib'
import { execa } from 'execa'

/** How a file is compressed; `none` stands for not at all. */
export const encodings = ['none', 'gzip', 'xz', 'bz2', 'zstd'] as const

/** One of {@link encodings}. */
export type Encoding = (typeof encodings)[number]

/** The encoding as clients take it. */
export function contentEncoding(encoding: Encoding): Exclude<Encoding, 'none'> | null {
  return encoding === 'none' ? null : encoding
}

/** An image on disk. */
export interface Image {
  readonly path: string
  readonly length: number
  /** Of its content, whatever it is compressed with. */
  readonly sha256: string
}

/** Half of it compresses and half does not, as in real images. */
function* content(length: number): Generator<Buffer> {
  const block = 64 * 1024
  let seed = 1
  for (let done = 0; done < length; done += block) {
    const chunk = Buffer.alloc(Math.min(block, length - done), `block ${done / block} `)
    for (let index = 0; index < chunk.length / 2; index += 4) {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
      chunk.writeUInt32LE(seed, Math.min(index, chunk.length - 4))
    }
    yield chunk
  }
}

/** Writes an image of a length in bytes into a folder, compressed. */
export async function makeImage(folder: string, length: number, encoding: Encoding): Promise<Image> {
  const path = join(folder, `image-${length}.${encoding}`)
  const hash = createHash('sha256')
  const source = Readable.from(hashed(content(length), hash), { objectMode: false })
  if (encoding === 'gzip') await pipeline(source, createGzip({ level: 1 }), createWriteStream(path))
  else if (encoding === 'zstd') await pipeline(source, createZstdCompress(), createWriteStream(path))
  else if (encoding === 'none') await pipeline(source, createWriteStream(path))
  else await execa(encoding === 'xz' ? 'xz' : 'bzip2', ['-1', '--stdout'], { input: source, stdout: { file: path } })
  return { path, length, sha256: hash.digest('hex') }
}

function* hashed(chunks: Iterable<Buffer>, hash: ReturnType<typeof createHash>): Generator<Buffer> {
  for (const chunk of chunks) {
    hash.update(chunk)
    yield chunk
  }
}

/** The content of a compressed file. */
export async function readImage(path: string, encoding: Encoding): Promise<Buffer> {
  if (encoding === 'xz' || encoding === 'bz2') {
    const content = `${path}.content`
    await execa(encoding === 'xz' ? 'xz' : 'bzip2', ['--decompress', '--stdout', path], { stdout: { file: content } })
    return readFile(content)
  }
  const file = createReadStream(path)
  const decompress = { none: undefined, gzip: createGunzip, zstd: createZstdDecompress }[encoding]
  return Buffer.concat(await (decompress === undefined ? file : file.pipe(decompress())).toArray())
}

/** SHA-256 in hexadecimal. */
export function sha256(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}
