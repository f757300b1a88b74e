import { randomUUID } from 'node:crypto'

import { throwMistakes } from '../../base/check.ts'
import { RepeatedFailures } from '../../base/repeated-failures.ts'
import type { CheckOptions, Requirement } from '../../base/requirement.ts'
import { HardwareError, messageOf as reasonOf } from '../../errors.ts'
import { Can as contract, type CanFilter, type CanMessage } from '../../interfaces/can.ts'
import type { Implementation } from '../../interfaces/define.ts'
import { callSignal } from '../../runtime/call.ts'
import { Driver } from '../../runtime/driver.ts'
import { CanPort } from './channel.ts'
import { type CanBusConfig, canBusRules, describeBus, findCanMistakes, planChannel, requireBus } from './config.ts'
import { filterFrames } from './filters.ts'
import { type Frame, frameOf, messageOf, type ReceivedFrame } from './frame.ts'
import { FrameQueue } from './frame-queue.ts'
import { PeriodicTask } from './periodic-task.ts'

/** The config of {@link Can}. */
export type CanConfig = CanBusConfig

/** The most periodic tasks of a driver. */
const maxTasks = 1_000

/**
 * A CAN bus, through an adapter with the protocol of Lawicel (SLCAN), through SocketCAN, or within this exporter. Frames are received from the beginning
 * of the session, and wait until a client takes them. An adapter that was pulled out and is back is used again by the next call.
 *
 * @example
 * ```yaml
 * export:
 *   can:
 *     type: jumpstarter_driver_can.driver.Can
 *     config: { interface: slcan, channel: /dev/ttyACM0, bitrate: 500000 }
 * ```
 */
export class Can extends Driver implements Implementation<typeof contract> {
  static readonly interface = contract
  static readonly configRules = canBusRules
  readonly #config: CanConfig
  readonly #port: CanPort
  readonly #frames: FrameQueue<ReceivedFrame>
  readonly #tasks = new Map<string, PeriodicTask<Frame>>()
  readonly #closed = new AbortController()
  #passes: (frame: Frame) => boolean = filterFrames(null)

  static check(config: CanConfig, options?: CheckOptions): Promise<readonly Requirement[]> {
    return requireBus(config, options)
  }

  /** @throws TypeError with all mistakes of the config */
  constructor(config: CanConfig) {
    super()
    throwMistakes(findCanMistakes(config))
    this.#config = config
    this.#frames = new FrameQueue({
      dropped: () => this.logger.warning('Nobody receives the frames; the oldest are dropped from now on'),
    })
    this.#port = new CanPort(planChannel(config), {
      frame: (frame) => {
        if (this.#passes(frame)) this.#frames.push(frame)
      },
      lost: (error) => this.#frames.fail(error),
      warn: (message) => this.logger.warning(message),
    })
  }

  /** Begins to receive. An adapter that is not there is an error of the calls, because a lease may not need it. */
  override async reset() {
    await this.#port.open(callSignal()).catch((error: unknown) => {
      callSignal().throwIfAborted()
      this.logger.warning(reasonOf(error))
    })
  }

  async receive(timeout: number | null = null): Promise<readonly [CanMessage | null, boolean]> {
    const signal = callSignal()
    await this.#port.open(signal)
    const frame = await this.#frames.take(timeout === null ? Infinity : seconds(timeout, 'the timeout'), signal)
    return [frame === undefined ? null : messageOf(frame, this.#config.channel), true]
  }

  /** Sends a frame. It does not wait in a queue, so that `timeout` has no effect. */
  async send(message: CanMessage, _timeout?: number | null) {
    await this.#port.send(frameOf(message), callSignal())
  }

  sendPeriodic(
    messages: readonly CanMessage[],
    period: number,
    duration: number | null = null,
    autostart: boolean | null = true,
    modifierCallback: null = null,
  ) {
    if (modifierCallback !== null) throw new RangeError('a function cannot change the frames')
    const items = (Array.isArray(messages) ? messages : [messages]).map((message) => frameOf(message))
    const periodMs = seconds(period, 'the period')
    if (items.length === 0 || periodMs <= 0) throw new RangeError('a periodic task needs frames, and a period above 0')
    if (this.#tasks.size >= maxTasks) this.#forgetStopped()
    if (this.#tasks.size >= maxTasks) throw new RangeError(`there are ${maxTasks} periodic tasks already`)
    const failures = new RepeatedFailures()
    const send = async (frame: Frame) => {
      try {
        await this.#port.send(frame, this.#closed.signal)
        failures.end()
      } catch (error) {
        const reason = reasonOf(error)
        if (!this.#closed.signal.aborted && failures.add(reason)) this.logger.warning(`A periodic frame: ${reason}`)
      }
    }
    const durationMs = duration === null ? Infinity : seconds(duration, 'the duration')
    const uuid = randomUUID()
    this.#tasks.set(uuid, new PeriodicTask({ items, periodMs, durationMs, send }))
    if (autostart ?? true) this.startTask(uuid)
    return uuid
  }

  startTask(uuid: string) {
    this.#task(uuid).start()
  }

  stopTask(uuid: string) {
    this.#task(uuid).stop()
    this.#tasks.delete(uuid)
  }

  async state(value?: number | null) {
    if (value !== undefined && value !== null) {
      throw new HardwareError('NOT_IMPLEMENTED', 'The state of the bus cannot be set; listen_only of the config can')
    }
    return this.#port.state(callSignal())
  }

  protocol() {
    return this.#config.data_bitrate === undefined || this.#config.data_bitrate === null ? 1 : 2
  }

  channelInfo() {
    return describeBus(this.#config)
  }

  applyFilters(filters: readonly CanFilter[] | null) {
    this.#passes = filterFrames(filters)
    this.#frames.keep(this.#passes)
  }

  flushTxBuffer() {
    throw new HardwareError('NOT_IMPLEMENTED', 'The frames that wait in an adapter cannot be dropped')
  }

  /**
   * Closes the bus, and ends the periodic tasks. The next call opens it again. Jumpstarter's client stops its tasks after this call, so
   * that they are still known.
   */
  async shutdown() {
    for (const task of this.#tasks.values()) task.stop()
    await this.#port.close()
  }

  override async close() {
    this.#closed.abort()
    await this.shutdown()
  }

  #forgetStopped(): void {
    for (const [uuid, { isStopped }] of this.#tasks) if (isStopped) this.#tasks.delete(uuid)
  }

  #task(uuid: string): PeriodicTask<Frame> {
    const task = this.#tasks.get(uuid)
    if (task === undefined) throw new RangeError(`there is no periodic task ${uuid}`)
    return task
  }
}

/** @returns milliseconds */
function seconds(value: unknown, what: string): number {
  if (typeof value !== 'number' || !(value >= 0)) throw new RangeError(`${what} has to be a number of seconds`)
  return value * 1000
}
