import { HardwareError } from '../../errors.ts'
import { addressWord, type UbootAddress } from './uboot-words.ts'

/** The number of bytes of one access. A width above 1 assumes a little-endian board. */
export type AccessWidth = 1 | 2 | 4 | 8

/** The letters of U-Boot's memory commands. */
const letters: Readonly<Record<AccessWidth, string>> = { 1: 'b', 2: 'w', 4: 'l', 8: 'q' }
/** The number of bytes on a line of `md` (DISP_LINE_LEN in U-Boot's cmd/mem.c). */
const bytesOfLine = 16

/**
 * Makes the command that reads memory.
 *
 * @throws HardwareError ARGUMENT_INVALID for a length that is no multiple of the width
 */
export function readCommand(address: UbootAddress, length: number, width: AccessWidth): string {
  checkLength(length, width)
  return `md.${letters[width]} ${addressWord(address)} 0x${(length / width).toString(16)}`
}

/**
 * Reads the bytes in the output of `md`.
 *
 * @throws HardwareError RESULT_INVALID if their number is wrong
 */
export function parseMemory(output: string, length: number, width: AccessWidth): Uint8Array {
  const bytes: number[] = []
  for (const line of output.split('\n')) {
    const words = /^[\da-f]+: (.*)$/.exec(line)?.[1] ?? ''
    const count = Math.min(bytesOfLine, length - bytes.length) / width
    // The same bytes as text follow the words, and may look like one more word.
    for (const word of words.split(' ').slice(0, count)) {
      if (word.length !== width * 2) break
      bytes.push(...Buffer.from(word, 'hex').toReversed())
    }
  }
  if (bytes.length === length) return Uint8Array.from(bytes)
  throw new HardwareError(
    'RESULT_INVALID',
    `U-Boot should have printed ${length} bytes of memory, and printed:\n${output}`,
  )
}

/**
 * Makes the commands that write bytes into memory, on as few lines as possible.
 *
 * @param lineLength the longest line, in characters
 * @throws HardwareError ARGUMENT_INVALID for a length that is no multiple of the width
 */
export function writeCommands(
  address: number | bigint,
  bytes: Uint8Array,
  width: AccessWidth,
  lineLength: number,
): string[] {
  checkLength(bytes.length, width)
  const lines: string[] = []
  for (let start = 0; start < bytes.length;) {
    const word = wordAt(bytes, start, width)
    let end = start + width
    while (end < bytes.length && wordAt(bytes, end, width) === word) end += width
    const place = addressWord(BigInt(address) + BigInt(start))
    const command = `mw.${letters[width]} ${place} 0x${word} 0x${((end - start) / width).toString(16)}`
    const line = `${lines.at(-1)}; ${command}`
    if (lines.length === 0 || line.length > lineLength) lines.push(command)
    else lines[lines.length - 1] = line
    start = end
  }
  return lines
}

function wordAt(bytes: Uint8Array, start: number, width: AccessWidth): string {
  return Buffer.from(bytes.subarray(start, start + width).toReversed()).toString('hex')
}

function checkLength(length: number, width: AccessWidth): void {
  if (Number.isInteger(length) && length > 0 && length % width === 0) return
  const message = `${length} is not a length in bytes that can be reached ${width} byte(s) at a time`
  throw new HardwareError('ARGUMENT_INVALID', message)
}
