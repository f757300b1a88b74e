import type { Duplex } from 'node:stream'

import { HardwareError } from '../errors.ts'
import type {
  CallTarget,
  Channel,
  ExporterReport,
  ExporterState,
  LogEntry,
  OpenResource,
  WaitOptions,
} from './channel.ts'
import { Redial } from './redial.ts'
import { RedialStream } from './redial-stream.ts'
import type { ContentEncoding } from './resources.ts'

/**
 * A channel to an exporter whose connection may break and come back while the lease lasts: calls wait until it is there
 * again, and byte streams that may be opened again go on. A call whose answer was lost is made again where that is the same
 * as making it once.
 */
export class RedialChannel implements Channel {
  readonly #redial: Redial

  /**
   * @param connect makes a channel to the exporter, which connects on first use
   * @param timeoutMs for how long a connection that broke is tried again
   */
  constructor(connect: () => Channel, timeoutMs: number) {
    this.#redial = new Redial(connect, timeoutMs)
  }

  get #channel(): Channel {
    return this.#redial.channel
  }

  get address(): string {
    return this.#channel.address
  }

  report(options: WaitOptions = {}): Promise<ExporterReport> {
    const run = async (limits: WaitOptions) => {
      const report = await this.#channel.report(limits)
      this.#redial.reached(report)
      return report
    }
    return this.#repeat(run, 'GetReport', true, options)
  }

  call(target: CallTarget, args: readonly unknown[], options: WaitOptions = {}): Promise<unknown> {
    const run = (limits: WaitOptions) => this.#channel.call(target, args, limits)
    return this.#repeat(run, labelOf(target), target.idempotent === true, options)
  }

  async *streamingCall(
    target: CallTarget,
    args: readonly unknown[],
    options: WaitOptions = {},
  ): AsyncGenerator<unknown, void, void> {
    const label = labelOf(target)
    const stopWatching = this.#redial.watch()
    try {
      for (;;) {
        try {
          return yield* this.#channel.streamingCall(target, args, options)
        } catch (error) {
          await this.#recover(error, label, target.idempotent === true, options)
        }
      }
    } finally {
      stopWatching()
    }
  }

  async openStream(target: CallTarget, options: WaitOptions = {}): Promise<Duplex> {
    const label = labelOf(target)
    const open = (limits: WaitOptions) =>
      this.#repeat((more) => this.#channel.openStream(target, more), label, true, limits)
    const first = await open(options)
    const reopen = async (signal: AbortSignal) => {
      await this.#redial.again(label, { signal })
      return open({ ...options, signal })
    }
    const stream =
      target.idempotent === true
        ? new RedialStream(first, { reopen, mayHelp: (error) => this.#redial.mayHelp(error) })
        : first
    stream.once('close', this.#redial.watch())
    return stream
  }

  openResource(
    uuid: string,
    encoding: ContentEncoding | null,
    options: WaitOptions & { readonly label?: string } = {},
  ): Promise<OpenResource> {
    const run = (limits: WaitOptions) => this.#channel.openResource(uuid, encoding, { ...options, ...limits })
    return this.#repeat(run, options.label ?? 'resource', true, options)
  }

  async *logs(options: WaitOptions = {}): AsyncGenerator<LogEntry, void, void> {
    for (;;) {
      try {
        return yield* this.#channel.logs(options)
      } catch (error) {
        await this.#recover(error, 'LogStream', true, options)
      }
    }
  }

  state(options: WaitOptions = {}): Promise<ExporterState | undefined> {
    return this.#repeat((limits) => this.#channel.state(limits), 'GetStatus', true, options)
  }

  endSession(options?: WaitOptions): Promise<boolean> {
    return this.#channel.endSession(options)
  }

  close(reason?: HardwareError): void {
    this.#redial.close(reason)
  }

  /**
   * Waits until a call that has failed can be made again.
   *
   * @throws what failed, where that cannot help; CONNECTION_LOST where nobody knows whether the call was done
   */
  async #recover(error: unknown, label: string, idempotent: boolean, limits: WaitOptions): Promise<void> {
    if (!this.#redial.mayHelp(error)) throw error
    await this.#redial.again(label, limits)
    // One that could not connect was not sent.
    if (idempotent || error.code === 'CONNECTION_FAILED') return
    const message = `${label}: the connection to ${this.address} broke before the answer came. It is there again, but nobody knows whether the call was done, so that it is not made again`
    throw new HardwareError('CONNECTION_LOST', message, { cause: error })
  }

  /** Makes a call again when the connection is there again; its limit is that of all its tries. */
  async #repeat<T>(
    run: (limits: WaitOptions) => Promise<T>,
    label: string,
    idempotent: boolean,
    options: WaitOptions,
  ): Promise<T> {
    const { timeoutMs } = options
    const deadline = timeoutMs === undefined ? undefined : performance.now() + timeoutMs
    const left = () => ({
      ...options,
      timeoutMs: deadline === undefined ? undefined : Math.max(1, deadline - performance.now()),
    })
    const stopWatching = this.#redial.watch()
    try {
      for (;;) {
        try {
          return await run(left())
        } catch (error) {
          await this.#recover(error, label, idempotent, left())
        }
      }
    } finally {
      stopWatching()
    }
  }
}

function labelOf(target: CallTarget): string {
  return target.label ?? target.method
}
