import type { GuardHit } from './guards.ts'
import type { Found, ScanResult } from './search.ts'

/** The outcome of several scans of one transcript. */
export type FirstMatch =
  | { readonly kind: 'found'; readonly found: Found; readonly index: number }
  | { readonly kind: 'guard'; readonly hit: GuardHit }
  /** More output may change the outcome. `likely` is true if there is an outcome should no more output come. */
  | { readonly kind: 'undecided'; readonly likely: boolean }

/**
 * Picks the pattern whose match begins first; of matches that begin together, the first pattern of the list. A guard counts as
 * soon as no pattern can match any more before the end of the guard's match: a test may expect a panic.
 *
 * @param ended true if the outcome has to be decided as if no more output came
 */
export function firstMatch(results: readonly ScanResult[], hit: GuardHit | undefined, ended: boolean): FirstMatch {
  let index = -1
  let best: Found | undefined
  for (const [at, { found }] of results.entries()) {
    if (found === undefined || (best !== undefined && best.start.text <= found.start.text)) continue
    best = found
    index = at
  }
  if (hit !== undefined && (best === undefined || best.start.text >= hit.end.text)) {
    const undecided = !ended && results.some(({ undecidedFrom }) => undecidedFrom < hit.end.text)
    return undecided ? { kind: 'undecided', likely: true } : { kind: 'guard', hit }
  }
  if (best === undefined) return { kind: 'undecided', likely: false }
  const { text } = best.start
  const contested = results.some(
    ({ undecidedFrom }, at) => undecidedFrom < text || (undecidedFrom === text && at <= index),
  )
  return contested && !ended ? { kind: 'undecided', likely: true } : { kind: 'found', found: best, index }
}
