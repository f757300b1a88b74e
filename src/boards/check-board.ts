import { inspect } from 'node:util'

import { HardwareError } from '../errors.ts'

/** A definition as JavaScript may give it. */
interface Unchecked {
  readonly states?: unknown
  readonly edges?: unknown
  readonly drivers?: unknown
  readonly timeoutMs?: unknown
}

/** A day: far below what timers can hold, and longer than anybody waits. */
const maxTimeoutMs = 86_400_000

/**
 * Checks what `defineBoard()` is given.
 *
 * @throws HardwareError ARGUMENT_INVALID with all mistakes
 */
export function checkBoard(definition: Unchecked): void {
  const { drivers, states, edges, timeoutMs } = definition
  const mistakes = [
    ...checkKeys('', definition, ['drivers', 'states', 'edges', 'timeoutMs']),
    ...(isRecord(drivers) ? [] : ['drivers is not an object such as { power: PowerClient }']),
    ...checkLimit('timeoutMs', timeoutMs),
  ]
  const names = isRecord(states) ? Object.keys(states) : []
  if (names.length === 0) mistakes.push('states has no states')
  if (names.includes('any')) mistakes.push("'any' cannot be the name of a state: it stands for all of them")
  for (const name of names) mistakes.push(...checkState(`states.${name}`, (states as Record<string, unknown>)[name]))
  if (!Array.isArray(edges)) mistakes.push('edges is not a list')
  for (const [index, edge] of (Array.isArray(edges) ? edges : []).entries()) {
    mistakes.push(...checkEdge(`edges[${index}]`, edge, names))
  }
  if (mistakes.length > 0) {
    throw new HardwareError('ARGUMENT_INVALID', `defineBoard() cannot take this:\n  ${mistakes.join('\n  ')}`)
  }
}

function checkState(place: string, state: unknown): string[] {
  if (!isRecord(state) || typeof state['check'] !== 'function') return [`${place} has no check`]
  return [
    ...checkKeys(`${place}.`, state, ['check', 'timeoutMs']),
    ...checkLimit(`${place}.timeoutMs`, state['timeoutMs']),
  ]
}

function checkEdge(place: string, edge: unknown, states: readonly string[]): string[] {
  if (!isRecord(edge)) return [`${place} is not an object`]
  const known = `; there are ${states.join(', ')}`
  const { from, to, run, timeoutMs, costMs } = edge
  const starts: unknown[] = from === 'any' ? [] : [from].flat()
  return [
    ...checkKeys(`${place}.`, edge, ['from', 'to', 'run', 'timeoutMs', 'costMs', 'name']),
    ...(Array.isArray(from) && from.length === 0 ? [`${place}.from is empty`] : []),
    ...starts.filter((state) => !states.includes(state as string)).map((state) => unknownState('from', state)),
    ...(states.includes(to as string) ? [] : [unknownState('to', to)]),
    ...(typeof run === 'function' ? [] : [`${place} has no run`]),
    ...checkLimit(`${place}.timeoutMs`, timeoutMs),
    ...(costMs === undefined || (typeof costMs === 'number' && costMs >= 0 && costMs < Infinity)
      ? []
      : [`${place}.costMs is ${inspect(costMs)}; it has to be a number, 0 or above`]),
  ]

  function unknownState(key: string, state: unknown): string {
    return `${place}.${key} is ${JSON.stringify(state)}, which is no state${known}`
  }
}

function checkKeys(place: string, given: object, known: readonly string[]): string[] {
  const unknown = Object.keys(given).filter((key) => !known.includes(key))
  return unknown.map((key) => `${place}${key} is not a key; there are ${known.join(', ')}`)
}

function checkLimit(place: string, value: unknown): string[] {
  if (value === undefined || (typeof value === 'number' && value > 0 && value <= maxTimeoutMs)) return []
  return [`${place} is ${inspect(value)}; it has to be a number of milliseconds, at most ${maxTimeoutMs}`]
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
