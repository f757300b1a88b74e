import { setTimeout as delay } from 'node:timers/promises'

import { hookAnswerTimeoutMs, hookPollMs, hookTimeoutMs, printHook } from '../../clients/wait-until-ready.ts'
import { HardwareError, isConnectionError } from '../../errors.ts'
import type { Channel, ExporterStatusName } from '../../protocol/channel.ts'

/** The longest that {@link endSession} takes, in milliseconds. */
export const endSessionTimeoutMs = hookTimeoutMs + 2 * hookAnswerTimeoutMs

const ended: ReadonlySet<ExporterStatusName> = new Set(['AVAILABLE', 'AFTER_LEASE_HOOK_FAILED', 'OFFLINE'])

/**
 * Lets the exporter run its hook after the lease, and prints what that prints.
 *
 * @param path the unix socket that leads to it
 * @throws HardwareError LEASE_TIMEOUT when the hook takes longer than 300 s, and what the exporter answers
 */
export async function endSession(path: string, print: (line: string) => void): Promise<void> {
  const { GrpcChannel } = await import('../../protocol/grpc-channel.ts')
  const channel: Channel = new GrpcChannel({ kind: 'unix', path })
  const deadline = performance.now() + hookTimeoutMs
  const over = new AbortController()
  const output = printHook(channel, 'AFTER_LEASE_HOOK', print, over.signal)
  try {
    if (!(await channel.endSession({ timeoutMs: hookAnswerTimeoutMs }))) return
    for (;;) {
      const state = await channel.state({ timeoutMs: hookAnswerTimeoutMs })
      if (state === undefined || ended.has(state.status)) {
        if (state?.status === 'AFTER_LEASE_HOOK_FAILED') print(`warning: ${state.message ?? 'its hook failed'}`)
        // What it printed last is sent a little later.
        if (state?.previous === 'AFTER_LEASE_HOOK') await delay(hookPollMs)
        return
      }
      if (performance.now() > deadline) {
        throw new HardwareError('LEASE_TIMEOUT', `the hook after the lease took over ${hookTimeoutMs} ms`)
      }
      await delay(hookPollMs)
    }
  } catch (error) {
    // The exporter may end the session before it has answered.
    if (!isConnectionError(error)) throw error
  } finally {
    over.abort()
    await output
    channel.close()
  }
}
