import type { Tripped } from './guards.ts'
import type { Found, Sight } from './search.ts'

/** What comes of several looks at one transcript. */
export type Decision =
  | { readonly kind: 'found'; readonly found: Found; readonly index: number }
  | { readonly kind: 'tripped'; readonly tripped: Tripped }
  /** More output may decide; `likely` when it is decided if no more comes. */
  | { readonly kind: 'open'; readonly likely: boolean }

/**
 * Which pattern comes first: that whose match begins first, and of several that begin together the first of the list. A
 * guard counts as soon as no pattern can match any more before what it has found ends; a test may expect a panic.
 *
 * @param ended whether what is there counts as all there will be
 */
export function decide(sights: readonly Sight[], tripped: Tripped | undefined, ended: boolean): Decision {
  let index = -1
  let best: Found | undefined
  for (const [at, { found }] of sights.entries()) {
    if (found === undefined || (best !== undefined && best.start.text <= found.start.text)) continue
    best = found
    index = at
  }
  if (tripped !== undefined && (best === undefined || best.start.text >= tripped.end.text)) {
    const open = !ended && sights.some((sight) => sight.open < tripped.end.text)
    return open ? { kind: 'open', likely: true } : { kind: 'tripped', tripped }
  }
  if (best === undefined) return { kind: 'open', likely: false }
  const { text } = best.start
  const contested = sights.some(({ open }, at) => open < text || (open === text && at <= index))
  return contested && !ended ? { kind: 'open', likely: true } : { kind: 'found', found: best, index }
}
