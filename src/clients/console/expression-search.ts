import type { ExpressionAnalysis } from './open-matches.ts'
import { type Found, maxMatchLength, type Search, type Sight } from './search.ts'
import type { Transcript } from './transcript.ts'
import type { Mark } from './types.ts'

/** How much is looked through at once, in characters. */
const stride = 65_536

/**
 * Looks for a regular expression. A match counts when no more output can change it: neither by making it longer, nor by
 * making another one that begins earlier.
 */
export class ExpressionSearch implements Search {
  readonly #expression: RegExp
  readonly #analysis: ExpressionAnalysis
  #from: number

  /** @param expression with the flags `g` and `m` */
  constructor(expression: RegExp, analysis: ExpressionAnalysis, from: Mark) {
    this.#expression = expression
    this.#analysis = analysis
    this.#from = from.text
  }

  look(transcript: Transcript, ended: boolean): Sight {
    const end = transcript.end.text
    for (;;) {
      const base = Math.max(0, this.#from - this.#analysis.lookBehind)
      const last = Math.min(end, this.#from + stride + maxMatchLength)
      const sight = this.#lookAt(transcript, base, transcript.text(base, last), ended && last === end)
      if (sight.open === Infinity) return sight
      if (last - sight.open > maxMatchLength) {
        // Too far back for what comes to count: what is there decides.
        const found = this.#decideAt(transcript, sight.open)
        if (found !== undefined) return { found, open: Infinity }
        this.#from = sight.open + 1
      } else if (last === end) {
        return sight
      } else {
        this.#from = sight.open
      }
    }
  }

  /** @param base where the text begins */
  #lookAt(transcript: Transcript, base: number, text: string, ended: boolean): Sight {
    this.#expression.lastIndex = this.#from - base
    const match = this.#expression.exec(text)
    const found = match === null ? undefined : toFound(transcript, base, match)
    if (found !== undefined && found.end.text - found.start.text > maxMatchLength) return { open: found.start.text }
    if (ended) return found === undefined ? { open: base + text.length } : { found, open: Infinity }
    const open = this.#analysis.openFrom(text, this.#from - base, match?.index ?? text.length)
    this.#from = base + Math.min(open, match?.index ?? open)
    if (found === undefined) return { open: base + open }
    return open > found.start.text - base ? { found, open: Infinity } : { found, open: base + open }
  }

  /** Whether the expression matches at a place, by what may decide that. */
  #decideAt(transcript: Transcript, at: number): Found | undefined {
    const base = Math.max(0, at - this.#analysis.lookBehind)
    const here = new RegExp(this.#expression, `y${this.#expression.flags.replace('g', '')}`)
    here.lastIndex = at - base
    const match = here.exec(transcript.text(base, at + maxMatchLength))
    return match === null ? undefined : toFound(transcript, base, match)
  }
}

function toFound(transcript: Transcript, base: number, match: RegExpExecArray): Found {
  const [text, ...groups] = match
  const start = base + match.index
  return {
    start: transcript.markAtText(start),
    end: transcript.markAtText(start + text.length),
    text,
    groups,
    named: match.groups ?? {},
  }
}
