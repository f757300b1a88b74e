import { setTimeout as startTimer } from 'node:timers'

import { decide } from './decide.ts'
import type { Tripped } from './guards.ts'
import type { SearchFactory } from './pattern.ts'
import type { Found } from './search.ts'
import { quietMs, type Source } from './source.ts'
import type { Mark } from './types.ts'

/** How a wait has ended. */
export type WaitResult =
  | { readonly kind: 'found'; readonly found: Found; readonly index: number }
  | { readonly kind: 'tripped'; readonly tripped: Tripped }
  | { readonly kind: 'closed' }
  | { readonly kind: 'timeout' }
  /** The stream could not be opened. */
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'aborted'; readonly reason: unknown }

/** What {@link waitForOutput} takes. */
export interface WaitOptions {
  readonly from: Mark
  readonly timeoutMs: number | undefined
  readonly signals: readonly AbortSignal[]
  /** Tells a reason for which the wait does not end. */
  readonly ignores: (reason: unknown) => boolean
}

/**
 * Waits until one of several patterns has come after a place, and until it is sure which one is first. A match that more
 * output could change counts when the console has been quiet for a while, has ended, or the time is up.
 */
export function waitForOutput(
  source: Source,
  patterns: readonly SearchFactory[],
  { from, timeoutMs, signals, ignores }: WaitOptions,
): Promise<WaitResult> {
  const searches = patterns.map((create) => create(from))
  return new Promise((resolve) => {
    let quiet: NodeJS.Timeout | undefined
    let settled = false
    const settle = (result: WaitResult) => {
      settled = true
      clearTimeout(quiet)
      clearTimeout(limit)
      source.events.off('change', look)
      for (const signal of signals) signal.removeEventListener('abort', abort)
      resolve(result)
    }
    /** @returns whether the wait is over */
    const lookOnce = (ended: boolean): boolean => {
      const sights = searches.map((search) => search.look(source.transcript, ended))
      const decision = decide(sights, source.guards.firstAfter(from), ended)
      clearTimeout(quiet)
      if (decision.kind !== 'open') settle(decision)
      else if (decision.likely) quiet = startTimer(() => lookOnce(true), quietMs)
      return decision.kind !== 'open'
    }
    const look = () => {
      if (settled) return
      const ended = source.closed !== undefined
      if (!lookOnce(ended) && ended) settle({ kind: 'closed' })
    }
    const abort = () => {
      const signal = signals.find(({ aborted, reason }) => aborted && !ignores(reason))
      if (signal !== undefined) settle({ kind: 'aborted', reason: signal.reason })
    }
    const limit =
      timeoutMs === undefined
        ? undefined
        : startTimer(() => {
            source.flush()
            if (!lookOnce(true)) settle({ kind: 'timeout' })
          }, timeoutMs)

    abort()
    if (settled) return
    for (const signal of signals) signal.addEventListener('abort', abort, { once: true })
    source.events.on('change', look)
    if (source.closed === undefined) source.open().catch((error: unknown) => settle({ kind: 'failed', error }))
    source.flush()
    look()
  })
}
