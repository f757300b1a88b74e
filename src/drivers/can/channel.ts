import { wallClock } from '../../base/clock.ts'
import { HardwareError } from '../../errors.ts'
import type { Frame } from './frame.ts'
import type { BusState, CanEvents, CanLink } from './link.ts'

/** The way to a channel. Two drivers with the same key share one. */
export interface ChannelPlan {
  /** The name of the channel among those of this process. */
  readonly key: string
  /** The settings. Drivers that share a channel need the same. */
  readonly settings: string
  /** Makes the connection to the hardware; undefined for a bus that is only in this process. */
  readonly createLink: ((events: CanEvents) => CanLink) | undefined
}

/** The channels of this process that are in use, and the ends of those that are being closed. */
const channels = new Map<string, CanChannel>()
const closing = new Map<string, Promise<unknown>>()

/**
 * A bus with everybody in this process who uses it. Each receives the frames of the hardware and those that the others send, as on a
 * bus with several nodes; nobody receives frames of their own.
 */
class CanChannel {
  readonly settings: string
  readonly link: CanLink | undefined
  readonly ports = new Set<CanEvents>()

  constructor({ settings, createLink }: ChannelPlan) {
    this.settings = settings
    this.link = createLink?.({
      frame: (frame) => this.#each((events) => events.frame(frame)),
      lost: (error) => this.#each((events) => events.lost(error)),
      warn: (message) => this.#each((events) => events.warn(message)),
    })
  }

  deliver(frame: Frame, sender: CanEvents): void {
    const received = { ...frame, timeMs: wallClock() }
    this.#each((events) => {
      if (events !== sender) events.frame(received)
    })
  }

  #each(tell: (events: CanEvents) => void): void {
    for (const events of this.ports) tell(events)
  }
}

/** A driver's way to a bus. It opens the channel on first use, and again when it was lost. */
export class CanPort {
  readonly #plan: ChannelPlan
  readonly #events: CanEvents
  #joined: CanChannel | undefined

  constructor(plan: ChannelPlan, events: CanEvents) {
    this.#plan = plan
    this.#events = events
  }

  /** Connects, unless it is connected. Frames are received from then on. */
  async open(signal: AbortSignal): Promise<void> {
    const { link } = await this.#join(signal)
    await link?.open(signal)
  }

  /** Sends a frame. */
  async send(frame: Frame, signal: AbortSignal): Promise<void> {
    const channel = await this.#join(signal)
    await channel.link?.send(frame, signal)
    channel.deliver(frame, this.#events)
  }

  async state(signal: AbortSignal): Promise<BusState> {
    const { link } = await this.#join(signal)
    return (await link?.state(signal)) ?? 1
  }

  /** Leaves the channel. The last one closes it. It can be used again. */
  async close(): Promise<void> {
    const channel = this.#joined
    const { key } = this.#plan
    this.#joined = undefined
    if (channel?.ports.delete(this.#events) === true && channel.ports.size === 0) {
      channels.delete(key)
      const closed = (channel.link?.close() ?? Promise.resolve()).finally(() => {
        if (closing.get(key) === closed) closing.delete(key)
      })
      closing.set(key, closed)
    }
    await closing.get(key)
  }

  async #join(signal: AbortSignal): Promise<CanChannel> {
    const { key, settings } = this.#plan
    // A serial port is locked until it has been closed.
    if (this.#joined === undefined) await closing.get(key)?.catch(() => undefined)
    signal.throwIfAborted()
    if (this.#joined === undefined) {
      const channel = channels.get(key) ?? new CanChannel(this.#plan)
      if (channel.settings !== settings) {
        const message = `Another driver uses the CAN bus ${key} with other settings (${channel.settings}, not ${settings})`
        throw new HardwareError('EXPORTER_CONFIG_INVALID', message)
      }
      channels.set(key, channel)
      channel.ports.add(this.#events)
      this.#joined = channel
    }
    return this.#joined
  }
}
