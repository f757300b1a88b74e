/** POSIX.1-2017, pax, "ustar Interchange Format": everything is in blocks of this size. */
const blockBytes = 512
/** The places and lengths of the fields that are used here. */
const fields = {
  name: [0, 100],
  mode: [100, 8],
  owner: [108, 8],
  group: [116, 8],
  size: [124, 12],
  time: [136, 12],
  sum: [148, 8],
  type: [156, 1],
  magic: [257, 8],
} as const
const regularFile = '0'
/** A header for the next entry: pax's, or GNU's for long names. */
const extensions = ['x', 'g', 'L', 'K']

/**
 * Makes an archive with one file.
 *
 * @param name the name of the file, without a folder
 * @param size the number of bytes in `content`
 * @param mode the permissions, such as 0o644
 */
export async function* tarOf(name: string, size: number, mode: number, content: AsyncIterable<Uint8Array>) {
  yield header(name, size, mode)
  yield* content
  yield Buffer.alloc(((blockBytes - (size % blockBytes)) % blockBytes) + 2 * blockBytes)
}

function header(name: string, size: number, mode: number): Buffer {
  const block = Buffer.alloc(blockBytes)
  const put = ([place, length]: readonly [number, number], text: string) => block.write(text, place, length)
  const octal = (field: readonly [number, number], value: number) =>
    put(field, `${value.toString(8).padStart(field[1] - 1, '0')}\0`)
  put(fields.name, name)
  octal(fields.mode, mode)
  octal(fields.owner, 0)
  octal(fields.group, 0)
  octal(fields.size, size)
  octal(fields.time, 0)
  put(fields.type, regularFile)
  put(fields.magic, 'ustar\x0000')
  // The sum counts its own field as spaces.
  put(fields.sum, ' '.repeat(8))
  const sum = block.reduce((total, byte) => total + byte, 0)
  put(fields.sum, `${sum.toString(8).padStart(6, '0')}\0 `)
  return block
}

/** The longest name that an archive of {@link tarOf} can have, in bytes. */
export const longestName = fields.name[1]

/**
 * Reads the content of the one file in an archive.
 *
 * @throws TypeError when the archive has something else, such as a folder
 */
export async function* fileInTar(archive: AsyncIterable<Buffer | string>): AsyncGenerator<Buffer> {
  let waiting: Buffer = Buffer.alloc(0)
  /** The bytes to skip; then the bytes of the file that are still to come, if its header has been seen. */
  let skip = 0
  let left: number | undefined
  for await (const piece of archive) {
    waiting = Buffer.concat([waiting, Buffer.from(piece)])
    for (;;) {
      const skipped = Math.min(skip, waiting.length)
      waiting = waiting.subarray(skipped)
      skip -= skipped
      if (left !== undefined) {
        const part = waiting.subarray(0, left)
        left -= part.length
        if (part.length > 0) yield part
        waiting = Buffer.alloc(0)
        break
      }
      if (skip > 0 || waiting.length < blockBytes) break
      const { type, size } = parseHeader(waiting)
      waiting = waiting.subarray(blockBytes)
      if (extensions.includes(type)) skip = Math.ceil(size / blockBytes) * blockBytes
      else if (type === regularFile || type === '\0') left = size
      else throw new TypeError('it is not a file')
    }
  }
  if (left !== 0) throw new TypeError('its archive ends early')
}

function parseHeader(block: Buffer): { readonly type: string; readonly size: number } {
  const text = ([place, length]: readonly [number, number]) => block.toString('latin1', place, place + length)
  const [place, length] = fields.size
  // GNU's form for files from 8 GiB: a number of 11 bytes after a byte 0x80.
  const isBinary = ((block[place] ?? 0) & 0x80) !== 0
  const size = isBinary
    ? Number(BigInt(`0x${block.toString('hex', place + 1, place + length)}`))
    : Number.parseInt(text(fields.size).replaceAll('\0', ' ').trim() || '0', 8)
  return { type: text(fields.type), size }
}
