import { RegExpParser } from '@eslint-community/regexpp'

import { type Automaton, createAutomaton, type State } from './automaton.ts'
import { lookBehindOf, refuseEndless } from './expression-limits.ts'
import { maxMatchLength } from './search.ts'

/** What {@link analyseExpression} finds out. */
export interface ExpressionAnalysis {
  /**
   * The earliest place, from one up to another, where the expression would have to look beyond the end of the text: where
   * more text could make a match, or change one. The end where there is none.
   */
  openFrom(text: string, from: number, to: number): number
  /** How many characters before a match decide whether it is one: for `^`, `\b` and look-behind. */
  readonly lookBehind: number
}

/**
 * Takes an expression apart.
 *
 * @throws SyntaxError for one that begins with any amount of anything
 */
export function analyseExpression({ source, flags, unicode, unicodeSets }: RegExp): ExpressionAnalysis {
  const parser = new RegExpParser({ ecmaVersion: 2025 })
  const pattern = parser.parsePattern(source, 0, source.length, { unicode, unicodeSets })
  refuseEndless(pattern.alternatives, flags)
  const automaton = createAutomaton(pattern, flags)
  const simulation = new Simulation(automaton, unicode || unicodeSets, firstCharacters(automaton, flags))
  return {
    openFrom: (text, from, to) => simulation.openFrom(text, from, to),
    // With the flag `u`, a search that begins within a character of two units begins before it.
    lookBehind: 2 + lookBehindOf(pattern.alternatives),
  }
}

/** Finds what a match can begin with, as fast as the engine can. */
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

/**
 * Follows all ways through an automaton at once, so that the time is that of the text's length, whatever the expression.
 * Of ways that are in the same state, only the one that began first counts.
 */
class Simulation {
  readonly #states: readonly State[]
  readonly #start: number
  readonly #unicode: boolean
  readonly #first: RegExp
  /** Whether a match can go over the end of a line. */
  readonly #manyLines: boolean
  /** Where the earliest way that is in a state began, and for which place in the text that was noted. */
  readonly #began: Float64Array
  readonly #notedAt: Float64Array
  #open = Infinity

  /** @param first finds what a match can begin with */
  constructor({ states, start }: Automaton, unicode: boolean, first: RegExp) {
    this.#states = states
    this.#start = start
    this.#unicode = unicode
    this.#first = first
    this.#manyLines = states.some((state) => state.kind === 'character' && state.takes(10))
    this.#began = new Float64Array(states.length)
    this.#notedAt = new Float64Array(states.length)
  }

  openFrom(text: string, from: number, to: number): number {
    this.#open = text.length
    this.#notedAt.fill(-1)
    let waiting: number[] = []
    // What began earlier has ended, or is too long to count.
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
    for (const number of waiting) this.#open = Math.min(this.#open, this.#began[number] ?? Infinity)
    return this.#open
  }

  /** Enters a state, and all that can be reached from it without taking a character. */
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
        if (state.holds(text, at) === undefined) this.#open = Math.min(this.#open, began)
        else if (state.holds(text, at) === true) this.#enter(state.next, began, at, text, waiting)
        break
      default:
    }
  }
}
