import { untilAborted } from '../../../base/abort.ts'
import { nextTurn, wallClock } from '../../../base/clock.ts'
import { pollUntil } from '../../../base/poll.ts'
import { DeviceConnection } from '../../../driver-kit/device-connection.ts'
import { HardwareError, messageOf } from '../../../errors.ts'
import type { Frame } from '../frame.ts'
import type { BusState, CanEvents, CanLink } from '../link.ts'
import { stateAfter } from './error-frame.ts'
import { readCanInterface } from './interfaces.ts'
import { openRawChannel, type RawChannel, type RawFrame } from './raw-channel.ts'
import { bringUp, describeMissing } from './require-interface.ts'

/** The longest that a frame may wait for room in the queue of the interface, in milliseconds: a busy bus, or one without another node. */
const roomTimeoutMs = 2_000
/** The longest data of a classical frame, in bytes. */
const classicalLength = 8
const stateNames: Readonly<Record<BusState, string>> = { 1: 'error active', 2: 'error passive', 3: 'bus off' }

/**
 * A bus that the kernel of Linux has as a network interface. An interface that is taken away and comes back is used again by the next
 * call; one that goes down and up again goes on by itself.
 */
export class SocketCanLink implements CanLink {
  readonly #interface: string
  readonly #name: string
  readonly #events: CanEvents
  readonly #connection: DeviceConnection<RawChannel>
  #state: BusState = 1

  /** @param name the name of the network interface: `can0` */
  constructor(name: string, events: CanEvents) {
    this.#interface = name
    this.#name = `the CAN interface ${name}`
    this.#events = events
    this.#connection = new DeviceConnection({
      name: this.#name,
      open: (ended) => this.#open(ended),
      close: (channel) => this.#close(channel),
      lateOrigin: 'lab',
    })
  }

  async open(signal: AbortSignal): Promise<void> {
    await untilAborted(
      this.#connection.use(async () => undefined),
      signal,
    )
  }

  async send(frame: Frame, signal: AbortSignal): Promise<void> {
    const sent = this.#connection.use(async (channel) => {
      if (signal.aborted || trySend(channel, frame)) return undefined
      return this.#sendLater(channel, frame, signal)
    })
    const refusal = await untilAborted(sent, signal)
    // The socket is as good as before, so that the connection can be kept.
    if (refusal !== undefined) throw this.#error(refusal)
  }

  async state(signal: AbortSignal): Promise<BusState> {
    await this.open(signal)
    return this.#state
  }

  close(): Promise<void> {
    return this.#connection.close()
  }

  /** Sends a frame that the kernel has not taken at once. @returns why it cannot be sent */
  async #sendLater(channel: RawChannel, frame: Frame, signal: AbortSignal): Promise<string | undefined> {
    const known = await readCanInterface(this.#interface)
    if (known === undefined) return describeMissing(this.#interface)
    if (!known.isUp) return `is down: ${bringUp(this.#interface)}`
    if (frame.isFd && !known.hasFd) return `has no CAN FD: sudo ip link set ${this.#interface} mtu 72`
    // The kernel does not tell when there is room again.
    const look = () => trySend(channel, frame) || undefined
    const isSent = await pollUntil(look, { firstMs: 1, maxMs: 20, timeoutMs: roomTimeoutMs, signal })
    if (isSent === true) return undefined
    const cure = 'check the cable, its termination and the bit rate, and that another node is on the bus'
    return `takes no frame for ${roomTimeoutMs} ms (${stateNames[this.#state]}): ${cure}`
  }

  async #open(ended: (reason?: unknown) => void): Promise<RawChannel> {
    const known = await readCanInterface(this.#interface)
    if (known === undefined) throw this.#error(await describeMissing(this.#interface))
    const channel = await openRawChannel(this.#interface).catch((cause: unknown) => {
      throw cause instanceof HardwareError ? cause : this.#error(messageOf(cause), cause)
    })
    this.#state = 1
    channel.addListener('onMessage', (frame) => this.#receive(frame))
    // The package frees the socket when this listener has returned.
    channel.addListener('onStopped', () => nextTurn(() => ended(new Error('the interface was taken away'))))
    channel.start()
    if (!known.isUp) this.#events.warn(`${this.#name} is down: ${bringUp(this.#interface)}`)
    return channel
  }

  #receive(raw: RawFrame): void {
    if (raw.err === true) this.#note(stateAfter(raw))
    else this.#events.frame({ ...frameOf(raw), timeMs: arrivalOf(raw) })
  }

  #note(state: BusState | undefined): void {
    if (state === undefined || state === this.#state) return
    this.#state = state
    this.#events.warn(`${this.#name} is ${stateNames[state]} now`)
  }

  #close(channel: RawChannel): void {
    this.#events.lost(this.#error('was lost'))
    try {
      channel.stop()
    } catch {
      // It has ended by itself.
    }
  }

  #error(why: string, cause?: unknown): HardwareError {
    return new HardwareError('DEVICE_IO', `${this.#name}: ${why}`, { cause, origin: 'lab' })
  }
}

/** @returns false if the kernel has not taken the frame */
function trySend(channel: RawChannel, { id, isExtended, isRemote, isFd, bitrateSwitch, data, length }: Frame): boolean {
  const raw = { id, ext: isExtended, rtr: isRemote, data: isRemote ? Buffer.alloc(length) : data }
  return (isFd ? channel.sendFD({ ...raw, fd_brs: bitrateSwitch }) : channel.send(raw)) > 0
}

/** The package does not tell a frame of CAN FD from a classical one, if it is as short. */
function frameOf({ id, ext = false, rtr = false, data }: RawFrame): Frame {
  const isFd = data.length > classicalLength
  const shared = { id, isExtended: ext, isRemote: rtr, isFd, bitrateSwitch: false, length: data.length }
  return { ...shared, data: rtr ? Buffer.alloc(0) : data }
}

/** The time of the arrival, in milliseconds since 1970. */
function arrivalOf({ ts_sec: seconds, ts_usec: microseconds = 0 }: RawFrame): number {
  return seconds === undefined ? wallClock() : seconds * 1000 + microseconds / 1000
}
