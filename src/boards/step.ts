import { withCallOptions } from '../clients/call-options.ts'
import { HardwareError, messageOf } from '../errors.ts'

/** How long a step that was told to stop may take to do so, in milliseconds. */
const graceMs = 1_000
/** The part of a step's time that one of its calls may take, so that the call's own error comes before the step's. */
const shareOfCall = 0.9

/** What bounds a step. */
export interface StepLimits {
  /** How errors name it: `edge 'uboot → linux'`. */
  readonly name: string
  readonly timeoutMs: number
  /** Ends it early; what it is aborted with is thrown. */
  readonly signal: AbortSignal
}

/**
 * Runs one step of a board: something that calls drivers and has to end in time. Driver calls made inside have the step's
 * limits; when it has to stop, they are cancelled, and later ones fail at once.
 *
 * @throws HardwareError CALL_TIMEOUT at its limit, with what the step said when it was stopped as the cause; the signal's
 *   reason; and what the step throws
 */
export async function runStep<T>(limits: StepLimits, run: (signal: AbortSignal) => T | Promise<T>): Promise<T> {
  const { name, timeoutMs, signal } = limits
  signal.throwIfAborted()
  const stop = new AbortController()
  const late = new HardwareError('CALL_TIMEOUT', `${name} did not end within ${timeoutMs} ms`)
  const timer = setTimeout(() => stop.abort(late), timeoutMs)
  const forward = () => stop.abort(signal.reason)
  signal.addEventListener('abort', forward, { once: true })
  const calls = { signal: stop.signal, timeoutMs: shareOfCall * timeoutMs }
  const work = withCallOptions(calls, async () => run(stop.signal))
  try {
    return await untilAborted(work, stop.signal)
  } catch (error) {
    if (!stop.signal.aborted) throw error
    const reason: unknown = stop.signal.reason
    // As long as it has not noticed, it may still reach the hardware, and meddle with what comes next.
    const said = error === reason ? await lastWords(work) : error
    if (reason !== late || said === undefined || said === late) throw reason
    throw new HardwareError('CALL_TIMEOUT', `${late.message}: ${messageOf(said)}`, { cause: said })
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', forward)
  }
}

/** Waits for a promise, but only until a signal is aborted. @throws what the signal is aborted with */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = () => reject(signal.reason as Error)
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** What a step that was told to stop throws, if it does so soon. */
async function lastWords(work: Promise<unknown>): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined
  const patience = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, graceMs, undefined)
  })
  const said = work.then(
    () => undefined,
    (error: unknown) => error,
  )
  return Promise.race([said, patience]).finally(() => clearTimeout(timer))
}
