import { showPattern } from './pattern.ts'
import type { Pattern } from './types.ts'

/** The shortest beginning of a text that counts as a near miss, in characters. */
const shortestNearMiss = 4

/** Output that a pattern nearly matches. */
export interface NearMiss {
  /** The sentence for the error. */
  readonly text: string
  /** `pattern`: the pattern is written wrongly. `output`: the output is cut or another one. */
  readonly fault: 'pattern' | 'output'
  /** For a match that an earlier wait has gone past: the index of its end in the output. */
  readonly passedAt?: number
}

/**
 * Finds the reason why a pattern did not match though the output is close to it.
 *
 * @param text the recent output
 * @param cursor the place in the text where the wait began
 */
export function nearMiss(pattern: Pattern, text: string, cursor: number): NearMiss | undefined {
  // A pattern with a name of its own stands for one of many texts, such as the end of one of several commands.
  if (pattern instanceof Uint8Array || Object.hasOwn(pattern as object, 'toString')) return undefined
  const [before, after] = [text.slice(0, Math.max(0, cursor)), text.slice(Math.max(0, cursor))]
  return typeof pattern === 'string' ? missOfText(pattern, before, after) : missOfExpression(pattern, before, after)
}

function missOfText(pattern: string, before: string, after: string): NearMiss | undefined {
  const shown = showPattern(pattern)
  const passed = before.lastIndexOf(pattern)
  if (passed >= 0) return passedBy(shown, passed + pattern.length)
  const other = after.toLowerCase().indexOf(pattern.toLowerCase())
  if (other >= 0) {
    const found = after.slice(other, other + pattern.length)
    return { text: `There is ${JSON.stringify(found)} instead of ${shown}.`, fault: 'pattern' }
  }
  for (let length = pattern.length - 1; length >= Math.max(shortestNearMiss, pattern.length / 2); length--) {
    const beginning = pattern.slice(0, length)
    if (!after.includes(beginning)) continue
    return { text: `There is the beginning of ${shown}: ${JSON.stringify(beginning)}.`, fault: 'output' }
  }
  return undefined
}

function missOfExpression(pattern: RegExp, before: string, after: string): NearMiss | undefined {
  const flags = `m${pattern.flags.replaceAll(/[gmy]/g, '')}`
  const passed = Array.from(before.matchAll(new RegExp(pattern.source, `g${flags}`))).at(-1)
  const shown = showPattern(pattern)
  if (passed !== undefined) return passedBy(shown, passed.index + passed[0].length)
  const inOtherCase = new RegExp(pattern.source, `i${flags.replace('i', '')}`).exec(after)?.[0]
  if (inOtherCase !== undefined) {
    const text = `There is ${JSON.stringify(inOtherCase)}, which ${shown} matches but for the case.`
    return { text, fault: 'pattern' }
  }
  const inLine = withoutAnchors(pattern, flags)?.exec(after)?.[0]
  if (inLine === undefined || inLine === '') return undefined
  const text = `There is ${JSON.stringify(inLine)} within a line, which ${shown} matches but for ^ or $.`
  return { text, fault: 'pattern' }
}

function passedBy(shown: string, passedAt: number): NearMiss {
  return { text: `${shown} came before: an earlier wait has gone past it.`, fault: 'output', passedAt }
}

/** An expression without `^` at its begin and `$` at its end; `undefined` if it has neither. */
function withoutAnchors({ source }: RegExp, flags: string): RegExp | undefined {
  const bare = source.replace(/^\^/, '').replace(/(?<!\\)\$$/, '')
  return bare === source ? undefined : new RegExp(bare, flags)
}
