import { setTimeout as delay } from 'node:timers/promises'

import { HardwareError, isConnectionError, messageOf } from '../errors.ts'
import { type Channel, type ExporterState, hookWarningPrefix } from '../protocol/channel.ts'

/** How long a hook may keep a client waiting, in milliseconds (reference: Jumpstarter's shell waits as long). */
export const hookTimeoutMs = 300_000
/** How often the exporter is asked whether its hook has ended: the protocol has no event for it. */
export const hookPollMs = 100
/** How long one answer may take meanwhile, in milliseconds. */
export const hookAnswerTimeoutMs = 5_000

/** What {@link waitUntilReady} takes besides the channel. */
interface WaitUntilReadyOptions {
  readonly signal: AbortSignal | undefined
  readonly print: ((line: string) => void) | undefined
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
  let state: ExporterState | undefined = first
  if (state.status === 'BEFORE_LEASE_HOOK') {
    const ended = new AbortController()
    const output = printHook(channel, 'BEFORE_LEASE_HOOK', print, ended.signal)
    const deadline = Date.now() + hookTimeoutMs
    try {
      while (state?.status === 'BEFORE_LEASE_HOOK') {
        if (Date.now() > deadline) {
          throw new HardwareError(
            'LEASE_TIMEOUT',
            `${channel.address}: its beforeLease hook took over ${hookTimeoutMs} ms`,
          )
        }
        await delay(hookPollMs, undefined, signal === undefined ? {} : { signal }).catch((cause: unknown) => {
          throw new HardwareError('CALL_CANCELLED', `Cancelled while ${channel.address} ran its hook`, { cause })
        })
        state = await channel.state({ signal, timeoutMs: hookAnswerTimeoutMs })
      }
      // Python's exporter sends its log up to 50 ms late.
      await delay(hookPollMs)
    } finally {
      ended.abort()
      await output
    }
  }
  if (state?.status === 'BEFORE_LEASE_HOOK_FAILED') {
    throw new HardwareError('HOOK_FAILED', `${channel.address} is not ready: ${state.message ?? 'its hook failed'}`)
  }
  if (state?.message?.startsWith(hookWarningPrefix) === true) {
    print(`warning: ${state.message.slice(hookWarningPrefix.length)}`)
  }
}

/** How long what a hook printed before takes to come, in milliseconds: Python's exporter sends its log up to 50 ms late. */
const pastMs = 150

/** Prints what a hook has printed that has just ended, for who could not connect before. */
export async function printPastHook(channel: Channel, print: (line: string) => void): Promise<void> {
  const state = await channel.state({ timeoutMs: hookAnswerTimeoutMs })
  if (state?.previous !== 'BEFORE_LEASE_HOOK') return
  await printHook(channel, 'BEFORE_LEASE_HOOK', print, AbortSignal.timeout(pastMs))
}

/** Prints what a hook prints, until the signal is aborted or the exporter has gone. */
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
