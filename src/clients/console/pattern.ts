import { HardwareError, messageOf } from '../../errors.ts'
import { BytesSearch } from './bytes-search.ts'
import { ExpressionSearch } from './expression-search.ts'
import { maxMatchLength, type Search, TextSearch } from './search.ts'
import type { Mark, Pattern } from './types.ts'

/** Makes searches for one pattern, each from a place of its own. */
export type SearchFactory = (from: Mark) => Search

const known = new WeakMap<RegExp, SearchFactory>()

/**
 * Prepares a pattern. What takes expressions apart is loaded when the first one comes.
 *
 * @throws HardwareError ARGUMENT_INVALID for what is no pattern, and for look-behind without a limit
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
  const { analyseExpression } = await import('./open-matches.ts')
  let analysis: ReturnType<typeof analyseExpression>
  try {
    analysis = analyseExpression(pattern)
  } catch (error) {
    throw refuse(`${String(pattern)} cannot be taken apart: ${messageOf(error)}`)
  }
  if (analysis.lookBehind > maxMatchLength) {
    throw refuse(`the look-behind of ${String(pattern)} has no limit, or one above ${maxMatchLength} characters`)
  }
  // Without the flags that change where a search begins.
  const expression = new RegExp(pattern.source, `gm${pattern.flags.replaceAll(/[gmy]/g, '')}`)
  return (from) => new ExpressionSearch(expression, analysis, from)
}

function refuse(why: string): HardwareError {
  return new HardwareError('ARGUMENT_INVALID', `A console cannot look for this: ${why}`, { origin: 'test' })
}

/** A pattern as errors show it. */
export function showPattern(pattern: Pattern): string {
  if (typeof pattern === 'string') return JSON.stringify(pattern)
  if (pattern instanceof Uint8Array) return `bytes ${Buffer.from(pattern).toString('hex')}`
  return String(pattern)
}
