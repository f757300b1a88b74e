import type { Transcript } from './transcript.ts'
import type { Mark } from './types.ts'

/** An expression looks at no more than so many characters after the place where its match begins. */
export const maxMatchLength = 8_192

/** A match of a pattern. */
export interface Found {
  readonly start: Mark
  readonly end: Mark
  readonly text: string
  readonly groups: Readonly<Record<string, string | undefined>>
  readonly captures: readonly (string | undefined)[]
}

/** The result of one scan. */
export interface ScanResult {
  /** The first match so far. */
  readonly found?: Found
  /** The earliest place, in characters, at which more output could still make or change a match; `Infinity` if none can. */
  readonly undecidedFrom: number
}

/** Searches for one pattern from one place on, and reads no part of the output twice. */
export interface Search {
  /** @param ended true if the search has to decide as if no more output came */
  scan(transcript: Transcript, ended: boolean): ScanResult
}

/** Searches for a text. */
export class TextSearch implements Search {
  readonly #pattern: string
  #from: number

  constructor(pattern: string, from: Mark) {
    this.#pattern = pattern
    this.#from = from.text
  }

  scan(transcript: Transcript): ScanResult {
    const text = transcript.text(this.#from)
    const index = text.indexOf(this.#pattern)
    if (index >= 0) {
      const start = this.#from + index
      this.#from = start
      return { found: foundText(transcript, start, this.#pattern), undecidedFrom: Infinity }
    }
    this.#from += text.length - beginningAtEnd(text, this.#pattern)
    return { undecidedFrom: this.#from }
  }
}

/** @returns the number of characters at the end of a text that are the beginning of a pattern */
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
    groups: {},
    captures: [],
  }
}
