/**
 * Escape sequences of terminals (ECMA-48, sections 5.3 to 5.6): control sequences `ESC [ … final`, strings ended by BEL or
 * ST, and sequences of two characters. The bounds keep a false beginning of a sequence, in the noise that a board prints when
 * it starts, from hiding text: in particular, no string goes over the end of a line, or over CAN or SUB (section 8.3.16 and
 * 8.3.148), though ECMA-48 allows the former.
 */
const complete =
  // oxlint-disable-next-line no-control-regex -- they begin with a control character
  /\x1b(?:\[[0-?]{0,64}[ -/]{0,8}[@-~]|[\]PX^_][^\x07\n\r\x18\x1a\x1b]{0,2048}(?:\x07|\x1b\\)|[ -/]{1,8}[0-~]|[0-OQ-WYZ\\`-~])/y
/** The beginning of an escape sequence, at the end of the text. */
const incomplete =
  // oxlint-disable-next-line no-control-regex -- they begin with a control character
  /\x1b(?:\[[0-?]{0,64}[ -/]{0,8}|[\]PX^_][^\x07\n\r\x18\x1a\x1b]{0,2048}\x1b?|[ -/]{0,8})?(?![\s\S])/y

/** The first byte of each escape sequence. */
export const escapeByte = 0x1b

/**
 * The end of some bytes.
 *
 * - `open`: more bytes come, and may end the escape sequence or the character at the end
 * - `quiet`: more bytes come, but so late that no escape sequence goes on; its beginning counts as text
 * - `ended`: no more bytes come
 */
export type BytesEnd = 'open' | 'quiet' | 'ended'

/** The result of {@link cleanText}. */
export interface CleanText {
  readonly text: string
  /** The number of decoded bytes. The bytes after them are incomplete. */
  readonly length: number
}

/**
 * Decodes UTF-8 and leaves out escape sequences. With the end `open`, the result does not depend on the pieces in which bytes
 * come, if each piece begins with the incomplete bytes of the piece before. Of a sequence that is no complete one, only the
 * byte ESC is left out.
 */
export function cleanText(bytes: Buffer, end: BytesEnd = 'open'): CleanText {
  const { parts, length } = findText(bytes, end)
  return { text: parts.map(([from, to]) => bytes.toString('utf8', from, to)).join(''), length }
}

/** Counts the characters of clean text (UTF-16 units) in the first bytes of some bytes. */
export function charactersIn(bytes: Buffer, end: BytesEnd, byteCount: number): number {
  let characters = 0
  for (const [from, to] of findText(bytes, end).parts) {
    if (from < byteCount) characters += decodedLength(bytes, from, to, byteCount)
  }
  return characters
}

/** Counts the bytes until a number of characters of clean text (UTF-16 units) is complete: the fewest that decode to them. */
export function bytesFor(bytes: Buffer, end: BytesEnd, characters: number): number {
  let missing = characters
  for (const [from, to] of findText(bytes, end).parts) {
    const length = decodedLength(bytes, from, to, to)
    if (length < missing) {
      missing -= length
      continue
    }
    let [low, high] = [from, to]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (decodedLength(bytes, from, to, middle) < missing) low = middle + 1
      else high = middle
    }
    return high
  }
  return bytes.length
}

/** The text between escape sequences, by the places of its bytes, and the number of bytes that are complete. */
interface FoundText {
  readonly parts: readonly (readonly [from: number, to: number])[]
  readonly length: number
}

function findText(bytes: Buffer, end: BytesEnd): FoundText {
  const parts: [number, number][] = []
  const add = (from: number, to: number) => {
    if (to > from) parts.push([from, to])
  }
  let from = 0
  if (bytes.includes(escapeByte)) {
    // One character for each byte. In UTF-8, a byte of ASCII is never part of another character.
    const latin = bytes.toString('latin1')
    for (let escape = latin.indexOf('\x1b'); escape >= 0; escape = latin.indexOf('\x1b', from)) {
      add(from, escape)
      complete.lastIndex = incomplete.lastIndex = escape
      if (complete.test(latin)) from = complete.lastIndex
      else if (end === 'open' && incomplete.test(latin)) return { parts, length: escape }
      else from = escape + 1
    }
  }
  const length = bytes.length - (end === 'ended' ? 0 : unfinishedLength(bytes.subarray(from)))
  add(from, length)
  return { parts, length }
}

/** Counts the characters of one part of the text whose bytes are before a place. */
function decodedLength(bytes: Buffer, from: number, to: number, place: number): number {
  if (place >= to) return bytes.toString('utf8', from, to).length
  const before = bytes.subarray(from, place)
  return before.toString('utf8', 0, before.length - unfinishedLength(before)).length
}

/** @returns the number of bytes at the end that are the beginning of a character (UTF-8, RFC 3629 section 3) */
function unfinishedLength(bytes: Buffer): number {
  for (let length = 1; length <= Math.min(3, bytes.length); length++) {
    const byte = bytes[bytes.length - length] ?? 0
    if (byte < 0x80) return 0
    if (byte >= 0xc0) {
      const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2
      return length < needed ? length : 0
    }
  }
  return 0
}
