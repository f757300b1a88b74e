/** The number of last bytes that are enough to judge. */
export const judgedBytes = 4096
/** The fewest characters that can be judged. */
const fewest = 16
/**
 * The share of characters that no text has, from which output counts as garbled. A line that is read at another rate is about half
 * of them; text in another character set, such as Latin-1, has a few.
 */
const garbledShare = 0.25

/** Characters that a terminal does not show: those of broken UTF-8, and controls but for those of lines, bells and escapes. */
// oxlint-disable-next-line no-control-regex -- it is about control characters
const noText = /[\u0000-\u0006\u000E-\u001A\u001C-\u001F\u007F-\u009F\uFFFD]/g

/** True if output is mostly no text, as that of a serial line that is read at another rate than the device's. */
export function isGarbled(bytes: Uint8Array): boolean {
  const text = Buffer.from(bytes).toString()
  const bad = text.match(noText)?.length ?? 0
  return text.length >= fewest && bad >= garbledShare * text.length
}
