import type { WaitOptions } from '../base/wait-options.ts'
import { type CallName, nameOf } from './call-error.ts'
import type { CallTarget, Channel } from './channel.ts'

/** A request that is made on a channel. */
export interface ChannelRequest {
  /** The method of {@link Channel}. */
  readonly kind: Exclude<keyof Channel, 'address' | 'details' | 'close'>
  /** The name of the request in errors. */
  readonly name: CallName
  /** The request may be made again if its answer was lost. */
  readonly idempotent: boolean
  /** The method of the driver, for calls and byte streams. */
  readonly target?: CallTarget | undefined
  /** The arguments of a call. */
  readonly args?: readonly unknown[] | undefined
  readonly options: WaitOptions
}

/** The work that a wrapper does around each request. `next` makes the request on the wrapped channel. */
export interface AroundChannel {
  /** Runs a request that has one answer, or opens one stream. */
  answer<T>(request: ChannelRequest, next: (options: WaitOptions) => Promise<T>): Promise<T>
  /** Runs a request that has many answers. */
  answers<T>(
    request: ChannelRequest,
    next: (options: WaitOptions) => AsyncGenerator<T, void, void>,
  ): AsyncGenerator<T, void, void>
}

/**
 * Wraps a channel: each request runs through `around`. A wrapper that needs more replaces single methods of the result.
 *
 * @param channel returns the channel that `next` uses, which may be another one for each request
 *
 * @example
 * ```ts
 * return { ...mapChannel(() => channel, around), close: (reason) => stopRecording(reason) }
 * ```
 */
export function mapChannel(channel: () => Channel, around: AroundChannel): Channel {
  return {
    address: channel().address,
    details: channel().details,
    report: ({ label = 'GetReport', ...options } = {}) =>
      around.answer(question('report', label, options), (limits) => channel().report({ ...limits, label })),
    call: (target, args, options = {}) =>
      around.answer(toDriver('call', target, options, args), (limits) => channel().call(target, args, limits)),
    streamingCall: (target, args, options = {}) =>
      around.answers(toDriver('streamingCall', target, options, args), (limits) =>
        channel().streamingCall(target, args, limits),
      ),
    openStream: (target, options = {}) =>
      around.answer(toDriver('openStream', target, options), (limits) => channel().openStream(target, limits)),
    openResource: (uuid, encoding, { label = 'resource', ...options } = {}) =>
      around.answer(question('openResource', label, options), (limits) =>
        channel().openResource(uuid, encoding, { ...limits, label }),
      ),
    logs: (options = {}) => around.answers(question('logs', 'LogStream', options), (limits) => channel().logs(limits)),
    state: (options = {}) =>
      around.answer(question('state', 'GetStatus', options), (limits) => channel().state(limits)),
    endSession: (options = {}) =>
      around.answer({ ...question('endSession', 'EndSession', options), idempotent: false }, (limits) =>
        channel().endSession(limits),
      ),
    close: (reason) => channel().close(reason),
  }
}

/** A request that changes nothing at a driver. */
function question(kind: ChannelRequest['kind'], label: string, options: WaitOptions): ChannelRequest {
  return { kind, name: { label }, idempotent: true, options }
}

function toDriver(
  kind: ChannelRequest['kind'],
  target: CallTarget,
  options: WaitOptions,
  args?: readonly unknown[],
): ChannelRequest {
  return { kind, name: nameOf(target), idempotent: target.idempotent === true, target, args, options }
}
