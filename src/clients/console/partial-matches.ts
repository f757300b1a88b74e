import { RegExpParser } from '@eslint-community/regexpp'

import { type Automaton, createAutomaton, type State } from './automaton.ts'
import { lookBehindOf, refuseEndless } from './expression-limits.ts'
import { maxMatchLength } from './search.ts'

/**
 * Finds text that may become a match of an expression when more text comes. It follows all ways through the automaton of the
 * expression at once, so the time depends on the length of the text alone. Of the ways in one state, only the one that began
 * first counts.
 */
export class PartialMatches {
  /** The number of characters before a match that `^`, `\b` and look-behind read. */
  readonly lookBehind: number
  readonly #states: readonly State[]
  readonly #start: number
  readonly #unicode: boolean
  readonly #first: RegExp
  /** True if a match can go over the end of a line. */
  readonly #manyLines: boolean
  /** For each state: the place where the earliest way in it began … */
  readonly #began: Float64Array
  /** … and the place in the text at which that was noted. */
  readonly #notedAt: Float64Array
  #undecided = Infinity

  /** @throws SyntaxError for an expression that begins with any amount of anything */
  constructor({ source, flags, unicode, unicodeSets }: RegExp) {
    const parser = new RegExpParser({ ecmaVersion: 2025 })
    const pattern = parser.parsePattern(source, 0, source.length, { unicode, unicodeSets })
    refuseEndless(pattern.alternatives, flags)
    const automaton = createAutomaton(pattern, flags)
    this.#states = automaton.states
    this.#start = automaton.start
    this.#unicode = unicode || unicodeSets
    this.#first = firstCharacters(automaton, flags)
    this.#manyLines = automaton.states.some((state) => state.kind === 'character' && state.takes(10))
    this.#began = new Float64Array(automaton.states.length)
    this.#notedAt = new Float64Array(automaton.states.length)
    // With the flag `u`, a search that begins inside a character of two units begins before the character.
    this.lookBehind = 2 + lookBehindOf(pattern.alternatives)
  }

  /**
   * @returns the earliest place between two places at which more text could make or change a match; the end of the text if
   *   there is none
   */
  undecidedFrom(text: string, from: number, to: number): number {
    this.#undecided = text.length
    this.#notedAt.fill(-1)
    let waiting: number[] = []
    // An earlier way has ended, or is too long to count.
    const line = this.#manyLines ? 0 : text.lastIndexOf('\n') + 1
    for (let at = Math.max(from, line, text.length - maxMatchLength); at < text.length;) {
      if (waiting.length === 0) {
        this.#first.lastIndex = at
        const next = this.#first.exec(text)?.index ?? text.length
        if (next > to || next >= text.length) break
        at = next
      }
      if (at <= to) this.#enter(this.#start, at, at, text, waiting)
      const codePoint = (this.#unicode ? text.codePointAt(at) : text.charCodeAt(at)) ?? 0
      const after = at + (codePoint > 0xffff ? 2 : 1)
      const taken: number[] = []
      for (const number of waiting) {
        const state = this.#states[number]
        if (state?.kind === 'character' && state.takes(codePoint)) {
          this.#enter(state.next, this.#began[number] ?? at, after, text, taken)
        }
      }
      waiting = taken
      at = after
    }
    if (to >= text.length) this.#enter(this.#start, text.length, text.length, text, waiting)
    for (const number of waiting) this.#undecided = Math.min(this.#undecided, this.#began[number] ?? Infinity)
    return this.#undecided
  }

  /** Enters a state, and all states that follow it without a character in between. */
  #enter(number: number, began: number, at: number, text: string, waiting: number[]): void {
    const noted = this.#notedAt[number] === at
    if (noted && (this.#began[number] ?? 0) <= began) return
    this.#notedAt[number] = at
    this.#began[number] = began
    const state = this.#states[number]
    switch (state?.kind) {
      case 'character':
        if (!noted) waiting.push(number)
        break
      case 'split':
        for (const next of state.next) this.#enter(next, began, at, text, waiting)
        break
      case 'check':
        if (state.holds(text, at) === undefined) this.#undecided = Math.min(this.#undecided, began)
        else if (state.holds(text, at) === true) this.#enter(state.next, began, at, text, waiting)
        break
      default:
    }
  }
}

/** Makes an expression that finds the first characters of matches with the speed of the engine. */
function firstCharacters({ states, start }: Automaton, flags: string): RegExp {
  const sources = new Set<string>()
  const seen = new Set<number>()
  const visit = (number: number): void => {
    if (seen.has(number)) return
    seen.add(number)
    const state = states[number]
    if (state?.kind === 'character') sources.add(state.source)
    else if (state?.kind === 'check') visit(state.next)
    else if (state?.kind === 'split') for (const next of state.next) visit(next)
  }
  visit(start)
  const alternatives = [...sources].map((source) => `(?:${source})`).join('|')
  return new RegExp(alternatives || '(?!)', `g${flags.replaceAll(/[dgmy]/g, '')}`)
}
