import type { PartialMatches } from './partial-matches.ts'
import { type Found, maxMatchLength, type ScanResult, type Search } from './search.ts'
import type { Transcript } from './transcript.ts'
import type { Mark } from './types.ts'

/** The length of the text that one step reads, in characters. */
const stepLength = 65_536

/**
 * Searches for a regular expression. A match counts when more output cannot change it: neither make it longer, nor make another
 * match that begins earlier.
 */
export class ExpressionSearch implements Search {
  readonly #expression: RegExp
  readonly #partialMatches: PartialMatches
  #from: number

  /** @param expression with the flags `g` and `m` */
  constructor(expression: RegExp, partialMatches: PartialMatches, from: Mark) {
    this.#expression = expression
    this.#partialMatches = partialMatches
    this.#from = from.text
  }

  scan(transcript: Transcript, ended: boolean): ScanResult {
    const end = transcript.end.text
    for (;;) {
      const base = Math.max(0, this.#from - this.#partialMatches.lookBehind)
      const last = Math.min(end, this.#from + stepLength + maxMatchLength)
      const result = this.#scanText(transcript, base, transcript.text(base, last), ended && last === end)
      const { undecidedFrom } = result
      if (undecidedFrom === Infinity) return result
      if (last - undecidedFrom > maxMatchLength) {
        // Later output is too far away to count, so the text so far decides.
        const found = this.#matchAt(transcript, undecidedFrom)
        if (found !== undefined) return { found, undecidedFrom: Infinity }
        this.#from = undecidedFrom + 1
      } else if (last === end) {
        return result
      } else {
        this.#from = undecidedFrom
      }
    }
  }

  /** @param base the place of the text's first character */
  #scanText(transcript: Transcript, base: number, text: string, ended: boolean): ScanResult {
    this.#expression.lastIndex = this.#from - base
    const match = this.#expression.exec(text)
    const found = match === null ? undefined : toFound(transcript, base, match)
    const length = found === undefined ? 0 : found.end.text - found.start.text
    if (found !== undefined && length > maxMatchLength) return { undecidedFrom: found.start.text }
    if (ended) {
      return found === undefined ? { undecidedFrom: base + text.length } : { found, undecidedFrom: Infinity }
    }
    const undecided = this.#partialMatches.undecidedFrom(text, this.#from - base, match?.index ?? text.length)
    this.#from = base + Math.min(undecided, match?.index ?? undecided)
    if (found === undefined) return { undecidedFrom: base + undecided }
    const isDecided = undecided > found.start.text - base
    return { found, undecidedFrom: isDecided ? Infinity : base + undecided }
  }

  /** @returns the match that begins at a place, if there is one in the first {@link maxMatchLength} characters */
  #matchAt(transcript: Transcript, at: number): Found | undefined {
    const base = Math.max(0, at - this.#partialMatches.lookBehind)
    const here = new RegExp(this.#expression, `y${this.#expression.flags.replace('g', '')}`)
    here.lastIndex = at - base
    const match = here.exec(transcript.text(base, at + maxMatchLength))
    return match === null ? undefined : toFound(transcript, base, match)
  }
}

function toFound(transcript: Transcript, base: number, match: RegExpExecArray): Found {
  const [text, ...captures] = match
  const start = base + match.index
  return {
    start: transcript.markAtText(start),
    end: transcript.markAtText(start + text.length),
    text,
    groups: { ...match.groups },
    captures,
  }
}
