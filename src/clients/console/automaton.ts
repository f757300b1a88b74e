import type { AST } from '@eslint-community/regexpp'

/** One state of an {@link Automaton}. `next` has the numbers of the states after it. */
export type State =
  /** Takes one character. */
  | {
      readonly kind: 'character'
      readonly takes: (codePoint: number) => boolean
      readonly source: string
      next: number
    }
  /** Goes on in several ways. */
  | { readonly kind: 'split'; readonly next: number[] }
  /** Goes on where a condition on the neighbouring characters holds; `undefined` if the end of the text is too near to say. */
  | { readonly kind: 'check'; readonly holds: (text: string, at: number) => boolean | undefined; next: number }
  | { readonly kind: 'done' }

/** An expression as states, without its groups and the order of its alternatives. */
export interface Automaton {
  readonly states: readonly State[]
  readonly start: number
}

/** A repetition that would need more states counts as one without limit. */
const maxStates = 20_000

/**
 * Makes the automaton of an expression. Look-behind and back references always match in it: the automaton may go on where the
 * expression does not, but never the other way round.
 */
export function createAutomaton(pattern: AST.Pattern, flags: string): Automaton {
  const states: State[] = [{ kind: 'done' }]
  const characterFlags = flags.replaceAll(/[dgmy]/g, '')
  const add = (state: State): number => states.push(state) - 1

  const alternatives = (list: readonly AST.Alternative[], next: number): number =>
    add({ kind: 'split', next: list.map(({ elements }) => sequence(elements, next)) })
  const sequence = (elements: readonly AST.Element[], next: number): number => elements.reduceRight(build, next)

  function build(next: number, element: AST.Element): number {
    switch (element.type) {
      case 'Character':
      case 'CharacterSet':
      case 'CharacterClass':
        return add({ kind: 'character', source: element.raw, takes: characterTest(element.raw, characterFlags), next })
      case 'Group':
      case 'CapturingGroup':
        return alternatives(element.alternatives, next)
      case 'Quantifier':
        return repeat(element, next)
      case 'Assertion':
        return assertion(element, next)
      default:
        // Back references, and classes that match several characters: anything.
        return anything(next)
    }
  }

  function repeat({ element, min, max }: AST.Quantifier, next: number): number {
    const before = states.length
    let after = next
    if (max === Infinity || max * 2 > maxStates) {
      const loop = add({ kind: 'split', next: [next] })
      ;(states[loop] as { next: number[] }).next.push(build(loop, element))
      after = loop
    } else {
      for (let count = min; count < max && states.length - before < maxStates; count++) {
        after = add({ kind: 'split', next: [build(after, element), next] })
      }
    }
    for (let count = 0; count < min && states.length - before < maxStates; count++) after = build(after, element)
    return after
  }

  function assertion(element: AST.Assertion, next: number): number {
    switch (element.kind) {
      case 'start':
        return add({ kind: 'check', holds: isLineStart, next })
      case 'end':
        return add({ kind: 'check', holds: isLineEnd, next })
      case 'word':
        return add({ kind: 'check', holds: element.negate ? isWithinWord : isWordBound, next })
      case 'lookahead':
        // The text of the look-ahead may reach the end, no matter if the text after it does.
        return add({ kind: 'split', next: [next, alternatives(element.alternatives, 0)] })
      case 'lookbehind':
        return next
    }
  }

  function anything(next: number): number {
    const loop = add({ kind: 'split', next: [next] })
    ;(states[loop] as { next: number[] }).next.push(
      add({ kind: 'character', source: '[^]', takes: () => true, next: loop }),
    )
    return loop
  }

  const start = alternatives(pattern.alternatives, 0)
  return { states, start }
}

/** Makes a test for the characters of a class. It asks the engine once for each character of ASCII. */
function characterTest(source: string, flags: string): (codePoint: number) => boolean {
  const test = new RegExp(`^(?:${source})$`, flags)
  const known: (boolean | undefined)[] = []
  return (codePoint) => {
    if (codePoint >= 128) return test.test(String.fromCodePoint(codePoint))
    return (known[codePoint] ??= test.test(String.fromCodePoint(codePoint)))
  }
}

function isLineBreak(character: string | undefined): boolean {
  return character === '\n' || character === '\r' || character === '\u2028' || character === '\u2029'
}

function isLineStart(text: string, at: number): boolean {
  return at === 0 || isLineBreak(text[at - 1])
}

function isLineEnd(text: string, at: number): boolean | undefined {
  return at === text.length ? undefined : isLineBreak(text[at])
}

function isWordBound(text: string, at: number): boolean | undefined {
  if (at === text.length) return undefined
  const isWord = (character: string | undefined) => character !== undefined && /\w/.test(character)
  return isWord(text[at - 1]) !== isWord(text[at])
}

function isWithinWord(text: string, at: number): boolean | undefined {
  const isBound = isWordBound(text, at)
  return isBound === undefined ? undefined : !isBound
}
