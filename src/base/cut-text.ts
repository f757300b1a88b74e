/**
 * Cuts a text that is too long at a whole character.
 *
 * Half a character becomes U+FFFD, because gRPC throws on texts that are not well-formed, and ends the process.
 *
 * @param maxLength the length that stays, in UTF-16 code units
 * @param mark stands at the cut (default `…`)
 */
export function cutText(text: string, maxLength: number, mark = '…'): string {
  const whole = text.toWellFormed()
  return whole.length > maxLength ? `${whole.slice(0, wholeLength(whole, maxLength))}${mark}` : whole
}

/** The length up to which a well-formed text can be cut without cutting a character. */
function wholeLength(text: string, maxLength: number): number {
  return (text.codePointAt(maxLength - 1) ?? 0) > 0xffff ? maxLength - 1 : maxLength
}
