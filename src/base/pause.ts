import { cancelledError } from './abort.ts'
import { sleep } from './clock.ts'

/** Options of {@link pause}. */
export interface PauseOptions {
  /** Ends the pause early. */
  readonly signal?: AbortSignal | undefined
  /** The name of the wait in the error when it is cancelled (default `the wait`): `the wait for exporter uno`. */
  readonly what?: string | undefined
  /** Keep the process alive during the pause (default true). */
  readonly ref?: boolean | undefined
}

/**
 * Waits for a time.
 *
 * @param ms the time, in milliseconds
 * @throws HardwareError the signal's reason, or CALL_CANCELLED if that is another error
 */
export async function pause(ms: number, { signal, what = 'the wait', ref = true }: PauseOptions = {}): Promise<void> {
  try {
    await sleep(ms, { signal, ref })
  } catch (error) {
    throw signal?.aborted === true ? cancelledError(what, signal) : error
  }
}
