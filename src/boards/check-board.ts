import { type ConfigRule, findMistakes, isRecord, maxTimeoutMs, ruleFor, rules } from '../base/check.ts'
import { Mistake } from '../base/mistake.ts'
import { HardwareError } from '../errors.ts'

const functionRule = ruleFor('a function', (value) => typeof value === 'function')
const timeoutRule = rules.optional(
  ruleFor(
    `a number of milliseconds, at most ${maxTimeoutMs}`,
    (value) => typeof value === 'number' && value > 0 && value <= maxTimeoutMs,
  ),
)

/**
 * Checks the argument of `defineBoard()`.
 *
 * @throws HardwareError ARGUMENT_INVALID with all mistakes
 */
export function checkBoard(definition: object): void {
  const { states, edges } = definition as { readonly states?: unknown; readonly edges?: unknown }
  const names = isRecord(states) ? Object.keys(states) : []
  const mistakes = [
    ...findMistakes(definition, {
      drivers: ruleFor('an object such as { power: PowerClient }', isRecord),
      states: () => (names.length === 0 ? 'has no states' : undefined),
      edges: ruleFor('a list', Array.isArray),
      timeoutMs: timeoutRule,
    }),
    ...(names.includes('any')
      ? [new Mistake(['states', 'any'], 'cannot be the name of a state: it stands for all of them')]
      : []),
    ...names.flatMap((name) => checkState(['states', name], (states as Record<string, unknown>)[name])),
    ...(Array.isArray(edges) ? edges : []).flatMap((edge, index) => checkEdge([`edges[${index}]`], edge, names)),
  ]
  if (mistakes.length > 0) {
    throw new HardwareError('ARGUMENT_INVALID', `defineBoard() cannot take this:\n  ${mistakes.join('\n  ')}`)
  }
}

function checkState(path: readonly string[], state: unknown): readonly Mistake[] {
  if (!isRecord(state)) return [new Mistake(path, 'is not an object with a check')]
  return findMistakes(state, { check: functionRule, timeoutMs: timeoutRule }, path)
}

function checkEdge(path: readonly string[], edge: unknown, states: readonly string[]): readonly Mistake[] {
  if (!isRecord(edge)) return [new Mistake(path, 'is not an object')]
  const stateRule: ConfigRule = (value) =>
    states.includes(value as string)
      ? undefined
      : `is ${JSON.stringify(value)}, which is no state; there are ${states.join(', ')}`
  return findMistakes(
    edge,
    {
      from: (value) => {
        if (value === 'any') return undefined
        if (!Array.isArray(value)) return stateRule(value)
        return value.length === 0 ? 'is empty' : value.map(stateRule).find((mistake) => mistake !== undefined)
      },
      to: stateRule,
      run: functionRule,
      timeoutMs: timeoutRule,
      costMs: rules.optional(rules.amount),
      name: rules.optional(rules.text),
    },
    path,
  )
}
