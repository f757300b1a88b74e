/**
 * What a shell printed after it has printed a typed line back. Where that is wider than the terminal, the echo has ends of
 * lines within.
 */
export function afterEcho(text: string, line: string): string {
  let at = 0
  for (const character of line) {
    while (text[at] === '\r' || text[at] === '\n') at++
    if (text[at] !== character) break
    at += character.length
  }
  return text.slice(at).replace(/^ ?\r*\n/, '')
}
