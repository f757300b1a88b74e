import type { FileHandle } from 'node:fs/promises'

/** The size of the pieces in which a file is read, in bytes. */
const pieceBytes = 64 * 1024

/**
 * Reads a file in blocks of one size. The last block is shorter, or empty, which ends a transfer (RFC 1350, section 6).
 *
 * @param convert converts the content, piece by piece
 */
export async function* readBlocks(
  file: FileHandle,
  blockSize: number,
  convert: (piece: Buffer) => Buffer = (piece) => piece,
): AsyncGenerator<Buffer, void, void> {
  let rest = Buffer.alloc(0)
  let position = 0
  for (;;) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(pieceBytes), 0, pieceBytes, position)
    if (bytesRead === 0) break
    position += bytesRead
    rest = Buffer.concat([rest, convert(buffer.subarray(0, bytesRead))])
    let start = 0
    for (; start + blockSize <= rest.length; start += blockSize) yield rest.subarray(start, start + blockSize)
    rest = rest.subarray(start)
  }
  yield rest
}

const lineFeed = 0x0a
const carriageReturn = 0x0d

/** Converts text to netascii (RFC 764, as RFC 1350 says): a line ends with CR LF, and a lone CR becomes CR NUL. */
export function toNetascii(text: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(text.length * 2)
  let length = 0
  for (const byte of text) {
    if (byte === lineFeed) bytes[length++] = carriageReturn
    bytes[length++] = byte
    if (byte === carriageReturn) bytes[length++] = 0
  }
  return bytes.subarray(0, length)
}
