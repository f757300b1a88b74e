import { pause } from '../../base/pause.ts'
import { pollUntil } from '../../base/poll.ts'
import { createChannel } from '../../clients/connect.ts'
import { hookAnswerTimeoutMs, hookPollMs, hookTimeoutMs, printHook } from '../../clients/wait-until-ready.ts'
import { HardwareError, isConnectionError } from '../../errors.ts'
import type { Channel } from '../../protocol/channel.ts'
import { type ExporterState, type ExporterStatusName, hookWarningPrefix } from '../../protocol/exporter.ts'

/** The longest that {@link endSession} takes, in milliseconds. */
export const endSessionTimeoutMs = hookTimeoutMs + 2 * hookAnswerTimeoutMs

/** The first pause between two questions if the session has ended, in milliseconds: without a hook it ends at once. */
const firstPollMs = 10

const endStatuses: ReadonlySet<ExporterStatusName> = new Set(['AVAILABLE', 'AFTER_LEASE_HOOK_FAILED', 'OFFLINE'])

/** Options of {@link endSession}. */
export interface EndSessionOptions {
  /** The unix socket that leads to the exporter. */
  readonly path: string
  /** Receives the output of the hook, a line at a time. Missing if somebody reads the log already: Python's has one reader. */
  readonly print?: ((line: string) => void) | undefined
  /** Receives the message of a hook that has failed, if it has one. */
  readonly hookFailed: (message: string | undefined) => void
}

/**
 * Ends the session of a lease, and waits until the exporter has run its hook.
 *
 * @throws HardwareError LEASE_TIMEOUT when the hook takes longer than 300 s, and the exporter's errors
 */
export async function endSession({ path, print, hookFailed }: EndSessionOptions): Promise<void> {
  const channel = await createChannel(path)
  const hookEnded = new AbortController()
  const output = print && printHook(channel, 'AFTER_LEASE_HOOK', print, hookEnded.signal)
  try {
    if (!(await channel.endSession({ timeoutMs: hookAnswerTimeoutMs }))) return
    const state = await untilEnded(channel)
    if (state?.status === 'AFTER_LEASE_HOOK_FAILED') hookFailed(state.message)
    else if (state?.message?.startsWith(hookWarningPrefix) === true) {
      hookFailed(state.message.slice(hookWarningPrefix.length))
    }
    // The last lines of a hook come a little later than its end.
    if (state?.previous === 'AFTER_LEASE_HOOK') await pause(hookPollMs)
  } catch (error) {
    // The exporter may close the connection before it has answered.
    if (!isConnectionError(error)) throw error
  } finally {
    hookEnded.abort()
    await output
    channel.close()
  }
}

/** @returns the state after the session; `undefined` if the exporter does not report any */
async function untilEnded(channel: Channel): Promise<ExporterState | undefined> {
  const look = async () => {
    const state = await channel.state({ timeoutMs: hookAnswerTimeoutMs })
    return state === undefined || endStatuses.has(state.status) ? { state } : undefined
  }
  const end = await pollUntil(look, { firstMs: firstPollMs, maxMs: hookPollMs, timeoutMs: hookTimeoutMs })
  if (end !== undefined) return end.state
  const message = `the hook after the lease took over ${hookTimeoutMs} ms`
  throw new HardwareError('LEASE_TIMEOUT', message, { details: { limitMs: hookTimeoutMs } })
}
