import { now } from '../../base/clock.ts'
import type { WaitOptions } from '../../base/wait-options.ts'
import { HardwareError } from '../../errors.ts'
import { Can, type CanFilter as WireFilter } from '../../interfaces/can.ts'
import { labelOf } from '../client-node.ts'
import { DriverClient } from '../driver-client.ts'
import { receiveInPieces } from '../driver-wait.ts'
import { type CanFrame, type CanFrameToSend, toFrame, toMessage } from './can-frame.ts'

export type { CanFrame, CanFrameToSend } from './can-frame.ts'

const states = ['active', 'passive', 'error'] as const
const protocols = ['can-2.0', 'can-fd', 'can-fd-non-iso', 'can-xl'] as const

/** The state of a CAN bus. */
export type CanState = (typeof states)[number]
/** The protocol of a CAN bus. `can-fd-non-iso` is CAN FD as it was before ISO 11898-1. */
export type CanProtocol = (typeof protocols)[number]

/** Lets frames pass whose identifier has the bits of `id` where `mask` has ones. */
export interface CanFilter {
  readonly id: number
  readonly mask: number
  /** True for identifiers of 29 bits only, false for 11 bits only (default: both). */
  readonly isExtended?: boolean | undefined
}

/** Options of {@link CanClient.receive} and {@link CanClient.frames}. */
export interface ReceiveOptions extends WaitOptions {
  /** Chooses the frames. Others are dropped. */
  readonly where?: ((frame: CanFrame) => boolean) | undefined
}

/** Frames that the exporter sends again and again, until they are disposed of. */
export interface CanTask extends AsyncDisposable {
  /** Ends it. May be called again. */
  stop(): Promise<void>
}

/**
 * A CAN bus.
 *
 * @example
 * ```ts
 * await dut.can.send({ id: 0x123, data: [1, 2, 3] })
 * const answer = await dut.can.receive({ where: ({ id }) => id === 0x124, timeoutMs: 1_000 })
 * await using heartbeat = await dut.can.sendPeriodic([{ id: 0x700, data: [5] }], { periodMs: 100 })
 * ```
 */
export class CanClient extends DriverClient<typeof Can> {
  static readonly interface = Can
  /** Some drivers cannot filter. Clients with limits share the filters. */
  private readonly filtering: { filters: readonly CanFilter[] | null } = { filters: null }

  /** @throws HardwareError ARGUMENT_INVALID for a frame that no bus can send */
  async send(frame: CanFrameToSend): Promise<void> {
    await this.call('send', toMessage(frame))
  }

  /**
   * Waits for a frame.
   *
   * @throws HardwareError CALL_TIMEOUT when none comes in time
   */
  async receive({ where = () => true, ...limits }: ReceiveOptions = {}): Promise<CanFrame> {
    const name = `the wait for a frame of ${labelOf(this.node, 'the CAN bus')}`
    const limit = { ...this.with(limits).limits(), name, details: { driver: this.node.path } }
    return receiveInPieces(limit, (wait) => this.take(this.with(wait.limits), wait.seconds, where))
  }

  /** The frames, as they come. It ends with an error when none comes in time; see {@link CanClient.receive}. */
  async *frames(options: ReceiveOptions = {}): AsyncGenerator<CanFrame, void, void> {
    for (;;) yield await this.receive(options)
  }

  /**
   * Lets the exporter send frames again and again, one after another.
   *
   * @param options.periodMs the time between two frames, in milliseconds
   * @param options.durationMs the time until it ends by itself, in milliseconds (default never)
   */
  async sendPeriodic(
    frames: readonly CanFrameToSend[],
    { periodMs, durationMs }: { readonly periodMs: number; readonly durationMs?: number | undefined },
  ): Promise<CanTask> {
    const duration = durationMs === undefined ? null : durationMs / 1000
    const task = await this.call('sendPeriodic', frames.map(toMessage), periodMs / 1000, duration)
    let stopped: Promise<void> | undefined
    const stop = () => (stopped ??= this.call('stopTask', task))
    return { stop, [Symbol.asyncDispose]: stop }
  }

  async state(): Promise<CanState> {
    return states[((await this.call('state')) ?? 1) - 1] ?? 'error'
  }

  /** @throws HardwareError NOT_IMPLEMENTED if the bus cannot */
  async setState(state: CanState): Promise<void> {
    await this.call('state', states.indexOf(state) + 1)
  }

  async protocol(): Promise<CanProtocol> {
    return protocols[(await this.call('protocol')) - 1] ?? 'can-2.0'
  }

  /** Reads the name of the bus, as a text for people. */
  channelInfo(): Promise<string> {
    return this.call('channelInfo')
  }

  /** Lets only some frames come, or all (`null`). A frame has to pass one of the filters. The client filters where the bus cannot. */
  async setFilters(filters: readonly CanFilter[] | null): Promise<void> {
    this.filtering.filters = filters
    await this.call('applyFilters', filters?.map(toWire) ?? null).catch((error: unknown) => {
      if (!(error instanceof HardwareError) || error.code !== 'NOT_IMPLEMENTED') throw error
    })
  }

  /** Drops the frames that wait to be sent. @throws HardwareError NOT_IMPLEMENTED if the bus cannot */
  async flush(): Promise<void> {
    await this.call('flushTxBuffer')
  }

  /** Closes the bus for everybody. */
  async shutdown(): Promise<void> {
    await this.call('shutdown')
  }

  /** Takes the next frame that is wanted, if one comes in time. Frames that nobody wants may come without end. */
  private async take(
    limited: this,
    seconds: number,
    where: (frame: CanFrame) => boolean,
  ): Promise<CanFrame | undefined> {
    const until = now() + seconds * 1000
    for (;;) {
      const [message, filtered] = await limited.call('receive', Math.max(0, until - now()) / 1000)
      if (message === null) return undefined
      const frame = toFrame(message)
      const { filters } = this.filtering
      const isPassed = filtered || filters === null || filters.some((filter) => passes(frame, filter))
      if (isPassed && where(frame)) return frame
      if (now() >= until) return undefined
    }
  }
}

function toWire({ id, mask, isExtended }: CanFilter): WireFilter {
  return { can_id: id, can_mask: mask, ...(isExtended === undefined ? {} : { extended: isExtended }) }
}

function passes(frame: CanFrame, { id, mask, isExtended }: CanFilter): boolean {
  return (isExtended === undefined || isExtended === frame.isExtended) && ((frame.id ^ id) & mask) === 0
}
