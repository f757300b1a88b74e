import { cutText } from '../../base/cut-text.ts'
import { showPattern } from './pattern.ts'
import type { Mark } from './types.ts'

/** The number of texts that are kept. */
const keptTexts = 3
/** The length at which a text is cut, in characters. */
const shownLength = 100

/** The texts that were typed last, for errors. */
export class SentTexts {
  #texts: { readonly shown: string; readonly at: Mark }[] = []

  /** @param at the end of the output when the text was typed */
  add(text: string | Uint8Array, at: Mark): void {
    const start = typeof text === 'string' ? cutText(text, shownLength) : text.subarray(0, shownLength)
    this.#texts = [...this.#texts.slice(1 - keptTexts), { shown: showPattern(start), at }]
  }

  /** True if a text was typed when more output had come than this, in characters. */
  isAfter(place: number): boolean {
    return (this.#texts.at(-1)?.at.text ?? 0) > place
  }

  /** Lists the texts that were typed after a place. */
  after({ text }: Mark): readonly string[] {
    return this.#texts.filter(({ at }) => at.text >= text).map(({ shown }) => shown)
  }
}
