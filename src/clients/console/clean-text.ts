/**
 * Escape sequences of terminals (ECMA-48, sections 5.3 to 5.6): control sequences `ESC [ … final`, strings ended by BEL or
 * ST, and two-character ones. The bounds keep what only looks like the beginning of one from hiding text.
 */
const complete =
  // oxlint-disable-next-line no-control-regex -- they begin with a control character
  /\x1b(?:\[[0-?]{0,64}[ -/]{0,8}[@-~]|[\]PX^_][^\x07\x1b]{0,2048}(?:\x07|\x1b\\)|[ -/]{1,8}[0-~]|[0-OQ-WYZ\\`-~])/y
/** What may become one when more has come. */
const incomplete =
  // oxlint-disable-next-line no-control-regex -- they begin with a control character
  /\x1b(?:\[[0-?]{0,64}[ -/]{0,8}|[\]PX^_][^\x07\x1b]{0,2048}\x1b?|[ -/]{0,8})?(?![\s\S])/y

const escapeByte = 0x1b

/** What {@link cleanText} makes of bytes. */
export interface CleanText {
  readonly text: string
  /** How many of the bytes it is made of; those after them mean nothing before more has come. */
  readonly length: number
}

/**
 * Decodes UTF-8 and leaves out escape sequences. However bytes are cut, cleaning the pieces (each with what the one before
 * has left) gives the same as cleaning the whole.
 *
 * @param ended no more will come, so that nothing is left over
 */
export function cleanText(bytes: Buffer, ended = false): CleanText {
  if (!bytes.includes(escapeByte)) {
    const length = ended ? bytes.length : bytes.length - unfinishedLength(bytes)
    return { text: bytes.toString('utf8', 0, length), length }
  }
  // A character for each byte; in UTF-8, bytes of ASCII are never part of anything else.
  const latin = bytes.toString('latin1')
  let text = ''
  let from = 0
  for (;;) {
    const escape = latin.indexOf('\x1b', from)
    if (escape < 0) break
    text += bytes.toString('utf8', from, escape)
    complete.lastIndex = incomplete.lastIndex = escape
    if (complete.test(latin)) from = complete.lastIndex
    else if (!ended && incomplete.test(latin)) return { text, length: escape }
    else from = escape + 1
  }
  const rest = cleanText(bytes.subarray(from), ended)
  return { text: text + rest.text, length: from + rest.length }
}

/** How many bytes at the end are the beginning of a character (UTF-8, RFC 3629 section 3). */
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
