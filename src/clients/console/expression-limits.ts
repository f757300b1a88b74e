import type { AST } from '@eslint-community/regexpp'

/**
 * Refuses an expression that begins with any amount of anything: every place of the output could begin a match.
 *
 * @throws SyntaxError
 */
export function refuseEndless(alternatives: readonly AST.Alternative[], flags: string): void {
  for (const { elements } of alternatives) {
    const [first] = elements
    if (first?.type === 'Group' || first?.type === 'CapturingGroup') refuseEndless(first.alternatives, flags)
    if (first?.type !== 'Quantifier' || first.max !== Infinity) continue
    const element = new RegExp(`^(?:${first.element.raw})$`, flags.replaceAll(/[dgmy]/g, ''))
    if (element.test('\n') && element.test('a')) {
      throw new SyntaxError(`it begins with ${first.raw}; leave that out, a match has what came before it anyway`)
    }
  }
}

/** @returns the number of characters before a match that an expression may read */
export function lookBehindOf(alternatives: readonly AST.Alternative[]): number {
  const elements = alternatives.flatMap((alternative) => alternative.elements)
  return Math.max(0, ...elements.map(lookBehindOfElement))
}

function lookBehindOfElement(element: AST.Element): number {
  switch (element.type) {
    case 'Quantifier':
      return lookBehindOfElement(element.element)
    case 'Group':
    case 'CapturingGroup':
      return lookBehindOf(element.alternatives)
    case 'Assertion':
      if (element.kind === 'lookahead') return lookBehindOf(element.alternatives)
      if (element.kind === 'lookbehind') return longest(element.alternatives) + lookBehindOf(element.alternatives)
      return 1
    default:
      return 0
  }
}

/** @returns the length of the longest match, in UTF-16 units */
function longest(alternatives: readonly AST.Alternative[]): number {
  return Math.max(...alternatives.map(({ elements }) => elements.reduce((sum, item) => sum + longestElement(item), 0)))
}

function longestElement(element: AST.Element): number {
  switch (element.type) {
    case 'Character':
    case 'CharacterSet':
    case 'CharacterClass':
      // Beyond the first 65 536, a character is two units.
      return 2
    case 'Group':
    case 'CapturingGroup':
      return longest(element.alternatives)
    case 'Quantifier':
      return element.max === 0 ? 0 : element.max * longestElement(element.element)
    case 'Assertion':
      return 0
    default:
      return Infinity
  }
}
