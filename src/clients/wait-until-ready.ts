import { pause } from '../base/pause.ts'
import { pollUntil } from '../base/poll.ts'
import { HardwareError, isConnectionError, messageOf } from '../errors.ts'
import type { Channel } from '../protocol/channel.ts'
import { type ExporterState, hookWarningPrefix } from '../protocol/exporter.ts'

/** The longest that a hook may keep a client waiting, in milliseconds. Jumpstarter's shell has the same limit. */
export const hookTimeoutMs = 300_000
/** The time between two questions if a hook has ended, in milliseconds. The protocol has no event for it. */
export const hookPollMs = 100
/** The time limit of each answer meanwhile, in milliseconds. */
export const hookAnswerTimeoutMs = 5_000

/** Options of {@link waitUntilReady}. */
interface WaitUntilReadyOptions {
  readonly signal?: AbortSignal | undefined
  readonly print?: ((line: string) => void) | undefined
}

/**
 * Waits for the end of the hook that an exporter runs before its drivers may be used.
 *
 * @param first the exporter's state
 * @throws HardwareError HOOK_FAILED when the hook has ended the lease, LEASE_TIMEOUT when it takes longer than 300 s
 */
export async function waitUntilReady(
  channel: Channel,
  first: ExporterState,
  { signal, print = () => undefined }: WaitUntilReadyOptions,
): Promise<void> {
  const { address, details } = channel
  const state = first.status === 'BEFORE_LEASE_HOOK' ? await waitForHook(channel, print, signal) : first
  if (state?.status === 'BEFORE_LEASE_HOOK_FAILED') {
    const message = `${address} is not ready: ${state.message ?? 'its hook failed'}`
    throw new HardwareError('HOOK_FAILED', message, { details })
  }
  if (state?.message?.startsWith(hookWarningPrefix) === true) {
    print(`warning: ${state.message.slice(hookWarningPrefix.length)}`)
  }
}

/** Prints the output of the hook until it has ended. @returns the state after that */
async function waitForHook(
  channel: Channel,
  print: (line: string) => void,
  signal: AbortSignal | undefined,
): Promise<ExporterState | undefined> {
  const { address, details } = channel
  const ended = new AbortController()
  const output = printHook(channel, 'BEFORE_LEASE_HOOK', print, ended.signal)
  const look = async () => {
    const state = await channel.state({ signal, timeoutMs: hookAnswerTimeoutMs })
    return state?.status === 'BEFORE_LEASE_HOOK' ? undefined : { state }
  }
  const limits = { firstMs: hookPollMs, maxMs: hookPollMs, timeoutMs: hookTimeoutMs, signal }
  try {
    const end = await pollUntil(look, { ...limits, what: `the wait for the hook of ${address}` })
    if (end === undefined) {
      const message = `${address}: its beforeLease hook took over ${hookTimeoutMs} ms`
      throw new HardwareError('LEASE_TIMEOUT', message, { details: { ...details, limitMs: hookTimeoutMs } })
    }
    // Python's exporter sends its log up to 50 ms late.
    await pause(hookPollMs)
    return end.state
  } finally {
    ended.abort()
    await output
  }
}

/** The time in which the earlier output of a hook arrives, in milliseconds: Python's exporter sends its log up to 50 ms late. */
const pastMs = 150

/** Prints the output of a hook that ended before this client could connect. */
export async function printPastHook(channel: Channel, print: (line: string) => void): Promise<void> {
  const state = await channel.state({ timeoutMs: hookAnswerTimeoutMs })
  if (state?.previous !== 'BEFORE_LEASE_HOOK') return
  await printHook(channel, 'BEFORE_LEASE_HOOK', print, AbortSignal.timeout(pastMs))
}

/** Prints the output of a hook, until the signal is aborted or the exporter has gone. */
export async function printHook(
  channel: Channel,
  hook: 'BEFORE_LEASE_HOOK' | 'AFTER_LEASE_HOOK',
  print: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const name = hook === 'BEFORE_LEASE_HOOK' ? 'beforeLease' : 'afterLease'
  try {
    for await (const { source, message } of channel.logs({ signal })) {
      if (source === hook) print(`${name}: ${message}`)
    }
  } catch (error) {
    if (!signal.aborted && !(isConnectionError(error) && hook === 'AFTER_LEASE_HOOK'))
      print(`warning: the hook's output cannot be read: ${messageOf(error)}`)
  }
}
