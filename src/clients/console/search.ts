import type { Transcript } from './transcript.ts'
import type { Mark } from './types.ts'

/** How many characters from a position on decide whether an expression matches there. */
export const maxMatchLength = 8_192

/** What a search has found. */
export interface Found {
  readonly start: Mark
  readonly end: Mark
  readonly text: string
  readonly groups: readonly (string | undefined)[]
  readonly named: Readonly<Record<string, string | undefined>>
}

/** What a look has shown. */
export interface Sight {
  /** The first match, as far as can be told. */
  readonly found?: Found
  /** The earliest place, in characters, at which more output could still make, or change, a match. */
  readonly open: number
}

/** Looks for one pattern from one place on. What has been looked through is not looked through again. */
export interface Search {
  /** @param ended whether what is there counts as all there will be */
  look(transcript: Transcript, ended: boolean): Sight
}

/** Looks for a text. */
export class TextSearch implements Search {
  readonly #pattern: string
  #from: number

  constructor(pattern: string, from: Mark) {
    this.#pattern = pattern
    this.#from = from.text
  }

  look(transcript: Transcript): Sight {
    const text = transcript.text(this.#from)
    const index = text.indexOf(this.#pattern)
    if (index >= 0) {
      const start = this.#from + index
      this.#from = start
      return { found: foundText(transcript, start, this.#pattern), open: Infinity }
    }
    this.#from += text.length - beginningAtEnd(text, this.#pattern)
    return { open: this.#from }
  }
}

/** How many characters at the end of a text are the beginning of another. */
export function beginningAtEnd(text: string, pattern: string): number {
  for (let length = Math.min(text.length, pattern.length - 1); length > 0; length--) {
    if (text.endsWith(pattern.slice(0, length))) return length
  }
  return 0
}

/** A match without groups. */
function foundText(transcript: Transcript, start: number, text: string): Found {
  return {
    start: transcript.markAtText(start),
    end: transcript.markAtText(start + text.length),
    text,
    groups: [],
    named: {},
  }
}
