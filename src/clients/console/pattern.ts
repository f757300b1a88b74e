import { HardwareError, messageOf } from '../../errors.ts'
import { BytesSearch } from './bytes-search.ts'
import { ExpressionSearch } from './expression-search.ts'
import { maxMatchLength, type Search, TextSearch } from './search.ts'
import type { Mark, Pattern } from './types.ts'

/** Makes searches for one pattern, each from another place. */
export type SearchFactory = (from: Mark) => Search

const known = new WeakMap<RegExp, SearchFactory>()

/**
 * Prepares a pattern. The parser of expressions is loaded when the first expression comes.
 *
 * @throws HardwareError ARGUMENT_INVALID for a value that is no pattern, and for look-behind without a limit
 */
export async function preparePattern(pattern: Pattern): Promise<SearchFactory> {
  if (typeof pattern === 'string') {
    if (pattern === '') throw refuse('an empty text is everywhere')
    return (from) => new TextSearch(pattern, from)
  }
  if (pattern instanceof Uint8Array) {
    if (pattern.length === 0) throw refuse('no bytes are everywhere')
    return (from) => new BytesSearch(pattern, from)
  }
  if (!(pattern instanceof RegExp)) throw refuse(`${String(pattern)} is neither a text, nor bytes, nor a RegExp`)
  const factory = known.get(pattern) ?? (await prepareExpression(pattern))
  known.set(pattern, factory)
  return factory
}

async function prepareExpression(pattern: RegExp): Promise<SearchFactory> {
  const { PartialMatches } = await import('./partial-matches.ts')
  let partialMatches: InstanceType<typeof PartialMatches>
  try {
    partialMatches = new PartialMatches(pattern)
  } catch (error) {
    throw refuse(`${String(pattern)} cannot be taken apart: ${messageOf(error)}`)
  }
  if (partialMatches.lookBehind > maxMatchLength) {
    throw refuse(`the look-behind of ${String(pattern)} has no limit, or one above ${maxMatchLength} characters`)
  }
  // The flags `g` and `y` of the user would change the place where a search begins.
  const expression = new RegExp(pattern.source, `gm${pattern.flags.replaceAll(/[gmy]/g, '')}`)
  return (from) => new ExpressionSearch(expression, partialMatches, from)
}

function refuse(why: string): HardwareError {
  return new HardwareError('ARGUMENT_INVALID', `A console cannot look for this: ${why}`, { origin: 'test' })
}

/** Formats a pattern for errors. */
export function showPattern(pattern: Pattern): string {
  if (typeof pattern === 'string') return JSON.stringify(pattern)
  if (pattern instanceof Uint8Array) return `bytes ${Buffer.from(pattern).toString('hex')}`
  return String(pattern)
}
