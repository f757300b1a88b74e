import { now } from '../../base/clock.ts'
import type { WaitOptions } from '../../base/wait-options.ts'
import { callError, nameOf } from '../call-error.ts'
import type { Channel, ConnectChannel } from '../channel.ts'
import type { LogEntry } from '../exporter.ts'
import { type AroundChannel, type ChannelRequest, mapChannel } from '../map-channel.ts'
import { Reconnection, type ReconnectionOptions } from './reconnection.ts'
import { ReconnectingStream } from './reconnecting-stream.ts'

/**
 * Makes a channel to an exporter whose connection may break and come back during a lease. Calls wait until the connection is
 * back, and idempotent byte streams go on. A call whose answer was lost is repeated if it is idempotent.
 *
 * @param connect makes a channel to the exporter, which connects on first use
 */
export function reconnectingChannel(connect: ConnectChannel, options: ReconnectionOptions): Channel {
  const reconnection = new Reconnection(connect, options)
  const channel = mapChannel(() => reconnection.channel, new RepeatingRequests(reconnection))
  return {
    ...channel,
    report: async (options) => {
      const report = await channel.report(options)
      reconnection.noteSession(report)
      return report
    },
    openStream: async (target, options) => {
      const first = await channel.openStream(target, options)
      const reopen = async (signal: AbortSignal, error: Error) => {
        await reconnection.reconnect(nameOf(target), error, { signal })
        return channel.openStream(target, { ...options, signal })
      }
      const isReconnectable = (error: Error) => reconnection.isReconnectable(error)
      const stream = target.idempotent === true ? new ReconnectingStream(first, { reopen, isReconnectable }) : first
      stream.once('close', reconnection.keepAlive())
      return stream
    },
    logs: (options) => newLines(channel.logs(options)),
    close: (reason) => reconnection.close(reason),
  }
}

/** Leaves out the lines that an exporter repeats for each connection. */
async function* newLines(lines: AsyncGenerator<LogEntry, void, void>): AsyncGenerator<LogEntry, void, void> {
  let last = 0
  for await (const line of lines) {
    if (line.number !== undefined && line.number <= last) continue
    last = line.number ?? last
    yield line
  }
}

/** Repeats requests that failed because the connection broke. */
class RepeatingRequests implements AroundChannel {
  readonly #reconnection: Reconnection

  constructor(reconnection: Reconnection) {
    this.#reconnection = reconnection
  }

  /** Repeats a request until it has its answer. The time limit is that of all tries together. */
  async answer<T>(request: ChannelRequest, next: (options: WaitOptions) => Promise<T>): Promise<T> {
    const { kind, options } = request
    // The end of a session belongs to the end of the lease, for which a broken connection is as good.
    if (kind === 'endSession') return next(options)
    const deadline = options.timeoutMs === undefined ? undefined : now() + options.timeoutMs
    let limits = options
    const stopKeepAlive = this.#reconnection.keepAlive()
    try {
      for (;;) {
        try {
          return await next(limits)
        } catch (error) {
          const timeoutMs = deadline === undefined ? undefined : Math.max(1, Math.round(deadline - now()))
          limits = { ...options, timeoutMs }
          await this.#recover(error, request, limits)
        }
      }
    } finally {
      stopKeepAlive()
    }
  }

  async *answers<T>(
    request: ChannelRequest,
    next: (options: WaitOptions) => AsyncGenerator<T, void, void>,
  ): AsyncGenerator<T, void, void> {
    // The log is read during the whole connection, and nothing waits for it.
    const stopKeepAlive = request.kind === 'logs' ? undefined : this.#reconnection.keepAlive()
    try {
      for (;;) {
        try {
          return yield* next(request.options)
        } catch (error) {
          await this.#recover(error, request, request.options)
        }
      }
    } finally {
      stopKeepAlive?.()
    }
  }

  /**
   * Waits until a failed request can be made again.
   *
   * @throws the failure if another try cannot help, and CONNECTION_LOST if the exporter may have done a call already
   */
  async #recover(error: unknown, { kind, name, idempotent }: ChannelRequest, limits: WaitOptions): Promise<void> {
    if (!this.#reconnection.isReconnectable(error)) throw error
    await this.#reconnection.reconnect(name, error, limits)
    // A stream that was not opened has done nothing, nor has a request that could not connect.
    if (idempotent || kind === 'openStream' || error.code === 'CONNECTION_FAILED') return
    const { address, details } = this.#reconnection.channel
    const text = `the connection to ${address} broke before the answer came. It is there again, but nobody knows whether the call was done, so that it is not made again`
    throw callError('CONNECTION_LOST', name, text, { cause: error, details })
  }
}
