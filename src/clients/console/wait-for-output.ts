import { onAbort } from '../../base/abort.ts'
import { startTimer, stopTimer } from '../../base/clock.ts'
import { type ConsoleStream, quietMs } from './console-stream.ts'
import { firstMatch, type FirstMatch } from './first-match.ts'
import type { SearchFactory } from './pattern.ts'
import type { Mark } from './types.ts'

/** The end of a wait. */
export type OutputWaitResult =
  | Exclude<FirstMatch, { readonly kind: 'undecided' }>
  | { readonly kind: 'closed' }
  | { readonly kind: 'timeout' }
  /** The stream could not be opened. */
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'aborted'; readonly signal: AbortSignal }

/** Options of {@link waitForOutput}. */
export interface OutputWaitOptions {
  readonly from: Mark
  readonly timeoutMs: number | undefined
  /** The time after which the wait ends while the device is away, in milliseconds. */
  readonly returnTimeoutMs: number
  readonly signals: readonly AbortSignal[]
  /** @returns true for the reason of an aborted signal that must not end the wait */
  readonly ignores: (reason: unknown) => boolean
}

/**
 * Waits until one of several patterns has come after a place, and until it is certain which one is first. A match that more
 * output could change counts when the console has been quiet for {@link quietMs}, has ended, or the time is up.
 */
export function waitForOutput(
  stream: ConsoleStream,
  patterns: readonly SearchFactory[],
  { from, timeoutMs, returnTimeoutMs, signals, ignores }: OutputWaitOptions,
): Promise<OutputWaitResult> {
  const searches = patterns.map((create) => create(from))
  return new Promise((resolve) => {
    let quiet: NodeJS.Timeout | undefined
    let limit: NodeJS.Timeout | undefined
    let away: NodeJS.Timeout | undefined
    let settled = false
    let stopListening: readonly (() => void)[] = []
    const settle = (result: OutputWaitResult) => {
      settled = true
      stopTimer(quiet)
      stopTimer(limit)
      stopTimer(away)
      stream.events.off('change', scan)
      for (const stop of stopListening) stop()
      resolve(result)
    }
    /** @returns true if the wait is over */
    const scanOnce = (ended: boolean): boolean => {
      const results = searches.map((search) => search.scan(stream.transcript, ended))
      const outcome = firstMatch(results, stream.guards.firstAfter(from), ended)
      stopTimer(quiet)
      if (outcome.kind !== 'undecided') settle(outcome)
      else if (outcome.likely) quiet = startTimer(() => scanOnce(true), quietMs)
      return outcome.kind !== 'undecided'
    }
    const scan = () => {
      if (settled) return
      const ended = stream.closed !== undefined
      if (!scanOnce(ended) && ended) settle({ kind: 'closed' })
      if (settled) return
      if (stream.away === undefined) {
        stopTimer(away)
        away = undefined
      } else away ??= startTimer(expire, returnTimeoutMs)
    }
    const expire = () => {
      stream.flush()
      if (!settled && !scanOnce(true)) settle({ kind: stream.away === undefined ? 'timeout' : 'closed' })
    }

    const aborted = signals.find((signal) => signal.aborted && !ignores(signal.reason))
    if (aborted !== undefined) {
      settle({ kind: 'aborted', signal: aborted })
      return
    }
    stopListening = signals.map((signal) =>
      onAbort(signal, () => {
        if (!settled && !ignores(signal.reason)) settle({ kind: 'aborted', signal })
      }),
    )
    if (timeoutMs !== undefined) limit = startTimer(expire, timeoutMs)
    stream.events.on('change', scan)
    if (stream.closed === undefined) stream.open().catch((error: unknown) => settle({ kind: 'failed', error }))
    stream.flush()
    scan()
  })
}
