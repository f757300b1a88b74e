/** The echo of a typed line, at the beginning of a text. */
export interface Echo {
  /** The number of characters, with the end of the line. */
  readonly length: number
  /** The end of the line, as the terminal prints it. */
  readonly lineEnd: string
}

/**
 * Finds the echo of a typed line. If the line is wider than the terminal, the echo has ends of lines inside (busybox), or
 * carriage returns after which a part is printed again (readline; `<` stands for the part that has left a terminal that cannot
 * wrap).
 *
 * @returns `'open'` if the text may be the beginning of an echo, `undefined` if it has none
 */
export function findEcho(text: string, line: string): Echo | 'open' | undefined {
  let [at, typed] = [0, 0]
  for (const character of line) {
    let next = at
    while (text[next] === '\r' || text[next] === '\n') next++
    if (!text.startsWith(character, next)) break
    at = next + character.length
    typed += character.length
  }
  const rest = text.slice(at)
  if (typed === line.length) {
    // Behind a line that fills the terminal, readline goes to the next one with a blank, and may print all again.
    const end = /^(?: \r[^\n]*?(?=\r+\n)| )?(\r*\n)/.exec(rest)
    if (end !== null) return { length: at + end[0].length, lineEnd: end[1] ?? '\n' }
    if (/^ \r[^\n]*$/.test(rest)) return 'open'
  }
  if (rest.trim() === '') return 'open'
  const [shown = ''] = /^[^\n]*\n?/.exec(text) ?? []
  const [, redrawn, lineEnd] = /\r<?([^\r\n]+)(\r*\n?)$/.exec(shown) ?? []
  if (redrawn === undefined || !line.includes(redrawn)) return undefined
  if (!shown.endsWith('\n')) return 'open'
  return line.endsWith(redrawn) ? { length: shown.length, lineEnd: lineEnd ?? '\n' } : undefined
}

/** Cuts the echo of a typed line from the beginning of an output. */
export function afterEcho(text: string, line: string): string {
  const echo = findEcho(text, line)
  return typeof echo === 'object' ? text.slice(echo.length) : text
}
