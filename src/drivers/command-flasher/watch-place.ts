import { anySignal } from '../../base/abort.ts'
import { now, startInterval, stopTimer } from '../../base/clock.ts'
import { pollUntil } from '../../base/poll.ts'
import { HardwareError } from '../../errors.ts'
import type { CommandFlasherConfig } from './config.ts'
import { missingPlace, placeError } from './explain-failure.ts'

/** The time between two looks, in milliseconds. No event tells of a device that goes, on all systems. */
const lookMs = 250
/** The longest that a port may be away, in milliseconds: boards with native USB leave the bus for a second or two when they restart. */
const longestAwayMs = 4_000

/** The longest that the drive of a loader may take until the system has mounted it, in milliseconds. */
const longestMountMs = 10_000

/** Waits for the folder of the config, which comes when the board enters its loader. @throws HardwareError DEVICE_IO with origin `lab` */
export async function awaitFolder({ folder }: CommandFlasherConfig, signal: AbortSignal): Promise<void> {
  if (folder === undefined) return
  const look = async () => ((await missingPlace({ folder })) === undefined ? true : undefined)
  const options = { firstMs: 20, maxMs: lookMs, timeoutMs: longestMountMs, signal, what: `the wait for ${folder}` }
  if ((await pollUntil(look, options)) === undefined) throw placeError(folder)
}

/**
 * Ends the run of a tool whose port has gone: several of them wait for ever for the answer of a cable that nobody holds any more.
 *
 * @returns the signal for the run; dispose of the watch at its end
 */
export function watchPlace(
  config: CommandFlasherConfig,
  program: string,
  signal: AbortSignal,
): Disposable & { readonly signal: AbortSignal } {
  const gone = new AbortController()
  let awaySince: number | undefined
  const look = async () => {
    const missing = await missingPlace(config)
    awaySince = missing === undefined ? undefined : (awaySince ?? now())
    if (missing === undefined || awaySince === undefined || now() - awaySince < longestAwayMs) return
    const message = `${missing} has gone while ${program} worked on the board`
    gone.abort(new HardwareError('DEVICE_IO', message, { origin: 'lab', details: { isAway: true } }))
  }
  const timer = startInterval(() => void look(), lookMs)
  return {
    signal: anySignal(signal, gone.signal),
    [Symbol.dispose]: () => stopTimer(timer),
  }
}
