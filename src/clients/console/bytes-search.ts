import { beginningAtEnd, type ScanResult, type Search } from './search.ts'
import type { Transcript } from './transcript.ts'
import type { Mark } from './types.ts'

/** Searches for bytes, as the device sent them. */
export class BytesSearch implements Search {
  /** One character for each byte. */
  readonly #pattern: string
  #from: number

  constructor(pattern: Uint8Array, from: Mark) {
    this.#pattern = Buffer.from(pattern).toString('latin1')
    this.#from = from.raw
  }

  scan(transcript: Transcript): ScanResult {
    const raw = transcript.raw(this.#from).toString('latin1')
    const index = raw.indexOf(this.#pattern)
    if (index < 0) {
      this.#from += raw.length - beginningAtEnd(raw, this.#pattern)
      return { undecidedFrom: transcript.markAtRaw(this.#from).text }
    }
    this.#from += index
    const start = transcript.markAtRaw(this.#from)
    const end = transcript.markAtRaw(this.#from + this.#pattern.length)
    const text = transcript.text(start.text, end.text)
    return { found: { start, end, text, groups: {}, captures: [] }, undecidedFrom: Infinity }
  }
}
