import { anySignal } from '../../base/abort.ts'
import { Mutex } from '../../base/mutex.ts'
import { RepeatedFailures } from '../../base/repeated-failures.ts'
import { HardwareError } from '../../errors.ts'
import type { Frame } from '../can/frame.ts'
import { FrameQueue } from '../can/frame-queue.ts'
import { BitBudget } from './bit-budget.ts'
import { FrameFormat } from './frame-format.ts'
import type { IsoTpParams } from './params.ts'
import { parsePdu } from './pdu.ts'
import { MessageReceiver } from './receiver.ts'
import type { Route } from './route.ts'
import { MessageSender } from './sender.ts'

/** The most messages that wait for a reader, and the most that wait to be sent. */
const maxMessages = 1_000

/** What a {@link Transport} needs. */
export interface TransportOptions {
  readonly route: Route
  readonly params: IsoTpParams
  /** Sends a frame. The promise is fulfilled when the bus has it. */
  transmit(frame: Frame, signal: AbortSignal): Promise<void>
  /** A remark for the log. */
  warn(message: string): void
}

/** One end of a connection with ISO-TP. Messages go one after another, and come at the same time. */
export class Transport {
  readonly #options: TransportOptions
  readonly #messages: FrameQueue<Buffer>
  readonly #sender: MessageSender
  readonly #receiver: MessageReceiver
  readonly #turns = new Mutex()
  readonly #remarks = new RepeatedFailures()
  readonly #closed = new AbortController()
  /** Ends the sending of the present message. */
  #stopSending: (() => void) | undefined
  #outgoing = 0
  #route: Route

  constructor(options: TransportOptions) {
    const { params, route } = options
    this.#options = options
    this.#route = route
    this.#messages = new FrameQueue({
      limit: maxMessages,
      dropped: () => options.warn('Nobody takes the messages; the oldest are dropped from now on'),
    })
    const { rate_limit_max_bitrate: rate, rate_limit_window_size: window } = params
    const budget = params.rate_limit_enable ? new BitBudget(rate, window * 1000) : undefined
    const transmit = async (frame: Frame, signal: AbortSignal) => {
      await budget?.take(8 * frame.length, signal)
      await options.transmit(frame, signal)
    }
    const warn = (message: string) => this.#warn(message)
    this.#sender = new MessageSender({ params, transmit, warn })
    this.#receiver = new MessageReceiver({
      params,
      flow: async (status) => {
        if (!params.listen_mode) await transmit(this.#format().flow(status), this.#closed.signal)
      },
      complete: (message) => {
        this.#remarks.end()
        this.#messages.push(message)
      },
      failed: (error) => {
        options.warn(error.message)
        this.#messages.fail(error)
      },
      warn,
    })
  }

  /** True if a message has come. */
  get isAvailable(): boolean {
    return this.#messages.length > 0
  }

  /** True while a message is sent, or waits for it. */
  get isSending(): boolean {
    return this.#outgoing > 0
  }

  /** Changes the address, from the next message on. */
  set route(route: Route) {
    this.#route = route
    this.#receiver.stop()
  }

  /** Takes a frame of the bus. */
  frame(frame: Frame): void {
    const payload = this.#route.payloadOf(frame)
    if (payload === undefined) return
    const pdu = parsePdu(payload, frame.data.length)
    switch (pdu.kind) {
      case 'single':
        return this.#receiver.single(pdu.data)
      case 'first':
        return this.#receiver.first(pdu.length, pdu.data, payload.length - 1)
      case 'consecutive':
        return this.#receiver.consecutive(pdu.sequence, pdu.data)
      case 'flow':
        return this.#sender.flow(pdu)
      case 'invalid':
        this.#warn(`A frame with the id ${frame.id.toString(16)} is none of ISO-TP: ${pdu.why}`)
    }
  }

  /** Ends the waits: the bus is gone. */
  lost(error: Error): void {
    this.#receiver.stop()
    this.#sender.lost(error)
    this.#messages.fail(error)
  }

  /**
   * Takes the oldest message, or waits for the next one.
   *
   * @returns undefined when none comes in time
   * @throws HardwareError when the message that is coming breaks off
   */
  receive(timeoutMs: number, signal: AbortSignal): Promise<Buffer | undefined> {
    return this.#messages.take(timeoutMs, signal)
  }

  /**
   * Checks if a message can be sent.
   *
   * @throws RangeError for a message to all that needs more than one frame; HardwareError NOT_IMPLEMENTED when nothing is sent,
   *   LIMIT_EXCEEDED when too many wait
   */
  checkOutgoing(message: Buffer, isFunctional: boolean): void {
    const format = this.#format()
    if (isFunctional && message.length > format.singleRoom) {
      throw new RangeError(`a message to all has at most ${format.singleRoom} bytes, not ${message.length}`)
    }
    if (this.#options.params.listen_mode) {
      throw new HardwareError('NOT_IMPLEMENTED', 'Nothing is sent: listen_mode of the config is on', { origin: 'lab' })
    }
    if (this.#outgoing >= maxMessages) {
      throw new HardwareError('LIMIT_EXCEEDED', `${maxMessages} messages wait to be sent already`, { origin: 'test' })
    }
  }

  /** Sends a message after those before it. @throws HardwareError as {@link MessageSender.send} */
  async send(message: Buffer, isFunctional: boolean, signal?: AbortSignal): Promise<void> {
    this.#outgoing++
    const format = this.#format()
    const alive = anySignal(this.#closed.signal, signal)
    try {
      await this.#turns.run(() => this.#sendNow(message, format, isFunctional, alive), { signal: alive })
    } finally {
      this.#outgoing--
    }
  }

  /** Ends the sending of the present message. */
  stopSending(): void {
    this.#stopSending?.()
  }

  /** Drops the message that is coming. */
  stopReceiving(): void {
    this.#receiver.stop()
  }

  /** Ends all waits, and drops all messages. @param reason the error of the waits */
  close(reason: Error): void {
    this.#closed.abort(reason)
    this.lost(reason)
  }

  async #sendNow(message: Buffer, format: FrameFormat, isFunctional: boolean, signal: AbortSignal): Promise<void> {
    const stopped = new AbortController()
    this.#stopSending = () => stopped.abort(new HardwareError('CALL_CANCELLED', 'stop_sending ended the message'))
    try {
      await this.#sender.send(message, format, isFunctional, AbortSignal.any([signal, stopped.signal]))
    } finally {
      this.#stopSending = undefined
    }
  }

  #warn(message: string): void {
    // A wrong address, or a bus with other nodes, may give the same reason with every frame.
    if (this.#remarks.add(message)) this.#options.warn(message)
  }

  #format(): FrameFormat {
    return new FrameFormat(this.#route, this.#options.params)
  }
}
