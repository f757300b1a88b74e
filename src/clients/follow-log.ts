import { describeLogLine, isShown, type LogLevel } from '../base/log-level.ts'
import type { Channel } from '../protocol/channel.ts'

/** The longest wait for the lines that are on their way, in milliseconds. */
const roundTripTimeoutMs = 2_000

/** Options of {@link followLog}. */
export interface FollowLogOptions {
  /** The mildest lines that are printed. */
  readonly level: LogLevel
  /** Print the lines that were written before, too (default false). */
  readonly past?: boolean | undefined
  /** Print the output of the hook after the lease, too, whatever the level is (default false). */
  readonly afterLease?: boolean | undefined
  readonly print: (line: string) => void
}

/**
 * Prints the log of an exporter, without the output of the hook before the lease. A connection that breaks ends it without a word, because the calls
 * report that.
 *
 * @returns a function that waits for the lines which are on their way, and ends it
 */
export async function followLog(
  channel: Channel,
  { level, past = false, afterLease = false, print }: FollowLogOptions,
): Promise<() => Promise<void>> {
  if (level === 'off') return async () => undefined
  const ended = new AbortController()
  const { signal } = ended
  let isNew = past
  const read = async () => {
    for await (const line of channel.logs({ signal })) {
      if (afterLease && line.source === 'AFTER_LEASE_HOOK') print(`afterLease: ${line.message}`)
      else if (isNew && isShown(line, level)) print(describeLogLine(line))
    }
  }
  const reading = read().catch(() => undefined)
  // The exporter has sent its old lines when it answers a later call.
  const roundTrip = () => channel.state({ timeoutMs: roundTripTimeoutMs, signal }).catch(() => undefined)
  if (!past) await roundTrip()
  isNew = true
  return async () => {
    // The log of a session that has ended is over, and nobody may answer any more.
    await Promise.race([roundTrip(), reading])
    ended.abort()
  }
}
