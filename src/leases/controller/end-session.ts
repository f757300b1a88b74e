import { setTimeout as delay } from 'node:timers/promises'

import { printHook } from '../../clients/wait-until-ready.ts'
import { HardwareError } from '../../errors.ts'
import type { Channel, ExporterStatusName } from '../../protocol/channel.ts'

/** How long the hook after a lease may take, and each answer (reference: Jumpstarter's shell), in milliseconds. */
const hookTimeoutMs = 300_000
const answerTimeoutMs = 5_000
/** How often an exporter is asked where it is with its hook: there is no event for it. */
const pollMs = 100

/** The longest that {@link endSession} takes, in milliseconds. */
export const endSessionTimeoutMs = hookTimeoutMs + 2 * answerTimeoutMs

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
    if (!(await channel.endSession({ timeoutMs: answerTimeoutMs }))) return
    for (;;) {
      const state = await channel.state({ timeoutMs: answerTimeoutMs })
      if (state === undefined || ended.has(state.status)) {
        if (state?.status === 'AFTER_LEASE_HOOK_FAILED') print(`warning: ${state.message ?? 'its hook failed'}`)
        // What it printed last is sent a little later.
        if (state?.previous === 'AFTER_LEASE_HOOK') await delay(pollMs)
        return
      }
      if (performance.now() > deadline) {
        throw new HardwareError('LEASE_TIMEOUT', `the hook after the lease took over ${hookTimeoutMs} ms`)
      }
      await delay(pollMs)
    }
  } catch (error) {
    // The exporter may end the session before it has answered.
    if (!(error instanceof HardwareError) || !error.code.startsWith('CONNECTION_')) throw error
  } finally {
    over.abort()
    await output
    channel.close()
  }
}
