import type { Duplex } from 'node:stream'

import { untilAborted } from '../../base/abort.ts'
import { Mutex } from '../../base/mutex.ts'
import { retry } from '../../base/retry.ts'
import { isPortInUse } from './device-line.ts'
import { type LineOptions, type LineStream, openLineStream } from './open-line.ts'

/** The turns of the drivers of this process, by the URLs of the lines. */
const turns = new Map<string, Mutex>()

/** The longest that another program may keep the line, in milliseconds; a command of a relay takes less than a tenth of a second. */
const inUseTimeoutMs = 5_000

/**
 * Opens a line for one command, and closes it. So several drivers can share a device, also in several processes: each channel of a
 * relay board belongs to another bench. They wait for each other.
 *
 * @param run gets the line as a stream; its result is awaited no longer than the line is there
 * @param signal ends the wait for the line, and the command
 * @throws HardwareError DEVICE_IO when the line cannot be opened, or goes away
 */
export async function withLine<T>(
  options: LineOptions,
  run: (stream: Duplex) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const { url } = options
  const mutex = turns.get(url) ?? new Mutex()
  turns.set(url, mutex)
  return mutex.run(
    async () => {
      const lost = Promise.withResolvers<never>()
      lost.promise.catch(() => undefined)
      const line = await retry(
        (): Promise<LineStream> => openLineStream({ ...options, signal, ended: (error) => lost.reject(error) }),
        { firstWaitMs: 20, maxWaitMs: 200, timeoutMs: inUseTimeoutMs, isRetryable: isPortInUse, signal },
      )
      try {
        return await untilAborted(Promise.race([run(line.stream), lost.promise]), signal)
      } finally {
        await line.close()
      }
    },
    { signal },
  )
}
