import { onAbort } from '../../base/abort.ts'
import { now } from '../../base/clock.ts'
import { pause } from '../../base/pause.ts'
import { HardwareError } from '../../errors.ts'
import type { Frame } from '../can/frame.ts'
import type { FrameFormat } from './frame-format.ts'
import type { IsoTpParams } from './params.ts'
import { PatientTimer } from './patient-timer.ts'
import type { FlowControl } from './pdu.ts'

/** What a {@link MessageSender} needs. */
export interface SenderOptions {
  readonly params: IsoTpParams
  /** Sends a frame. The promise is fulfilled when the bus has it. */
  transmit(frame: Frame, signal: AbortSignal): Promise<void>
  /** A remark for the log. */
  warn(message: string): void
}

/** A message that is being sent. */
interface Sending {
  readonly length: number
  readonly signal: AbortSignal
}

/** A wait for flow control. */
interface Asking {
  answer(flow: FlowControl): void
  fail(error: Error): void
}

/** Sends messages in frames, one message at a time, as fast as the receiver allows (ISO 15765-2, 9.6.5). */
export class MessageSender {
  readonly #options: SenderOptions
  #asking: Asking | undefined

  constructor(options: SenderOptions) {
    this.#options = options
  }

  /** Takes flow control that has come. */
  flow(flow: FlowControl): void {
    if (this.#asking === undefined) this.#options.warn('A flow control came that no message waits for')
    else this.#asking.answer(flow)
  }

  /** Ends the wait for flow control: the bus is gone. */
  lost(error: Error): void {
    this.#asking?.fail(error)
  }

  /**
   * Sends a message.
   *
   * @param signal ends the sending, also between two frames
   * @throws HardwareError CALL_TIMEOUT without flow control, DEVICE_IO when the receiver refuses the message; the error of the bus
   */
  async send(message: Buffer, format: FrameFormat, isFunctional: boolean, signal: AbortSignal): Promise<void> {
    const transmit = (frame: Frame) => this.#options.transmit(frame, signal)
    if (message.length <= format.singleRoom) return transmit(format.single(message, isFunctional))
    const sending = { length: message.length, signal }
    const { frame: firstFrame, taken } = format.first(message)
    let flow = await this.#ask(firstFrame, sending)
    let [sentMs, inBlock, sequence] = [-Infinity, 0, 1]
    for (let at = taken; at < message.length; at += format.consecutiveRoom) {
      const frame = format.consecutive(sequence, message.subarray(at, at + format.consecutiveRoom))
      await this.#keepApart(sentMs, flow, signal)
      const isLast = at + format.consecutiveRoom >= message.length
      if (++inBlock === flow.blockSize && !isLast) {
        flow = await this.#ask(frame, sending, (timeMs) => (sentMs = timeMs))
        inBlock = 0
      } else {
        await transmit(frame)
        sentMs = now()
      }
      sequence = (sequence + 1) & 0xf
    }
  }

  /** Waits for the separation time. Timers may end a little early. */
  async #keepApart(sentMs: number, { separationMs }: FlowControl, signal: AbortSignal): Promise<void> {
    const { override_receiver_stmin: own } = this.#options.params
    const dueMs = sentMs + (own === null ? separationMs : own * 1000)
    for (let leftMs = dueMs - now(); leftMs > 0; leftMs = dueMs - now()) await pause(leftMs, { signal })
  }

  /** Sends a frame after which the receiver has to answer, and waits until it lets us go on. */
  async #ask(frame: Frame, sending: Sending, sent: (timeMs: number) => void = () => undefined): Promise<FlowControl> {
    const { promise: allowed, resolve, reject } = Promise.withResolvers<FlowControl>()
    // The answer may come before the bus confirms the frame, and the bus may fail before the answer is waited for.
    allowed.catch(() => undefined)
    const { rx_flowcontrol_timeout: limitMs } = this.#options.params
    const timer = new PatientTimer(limitMs, () => reject(lateError(frame, limitMs)))
    const stopListening = onAbort(sending.signal, () => reject(sending.signal.reason))
    let waits = 0
    const answer = (flow: FlowControl) => {
      if (flow.status === 'continue') return resolve(flow)
      if (flow.status === 'overflow') return reject(overflowError(sending.length))
      waits++
      const { wftmax } = this.#options.params
      if (waits > wftmax && wftmax > 0) reject(waitError(wftmax))
      // Without wftmax the time of the first wait goes on.
      else if (wftmax > 0) timer.start()
      else this.#options.warn('The receiver asks to wait, and wftmax of the config is 0')
    }
    this.#asking = { answer, fail: reject }
    try {
      await this.#options.transmit(frame, sending.signal)
      sent(now())
      timer.start()
      return await allowed
    } finally {
      this.#asking = undefined
      timer.stop()
      stopListening()
    }
  }
}

function lateError({ id }: Frame, limitMs: number): HardwareError {
  const message = `The receiver of ${id.toString(16)} sent no flow control within ${limitMs} ms: check the address, and that it listens`
  return new HardwareError('CALL_TIMEOUT', message, { details: { limitMs } })
}

function overflowError(length: number): HardwareError {
  return new HardwareError('DEVICE_IO', `The receiver has no room for a message of ${length} bytes`)
}

function waitError(wftmax: number): HardwareError {
  return new HardwareError('DEVICE_IO', `The receiver asks to wait more than ${wftmax} times (wftmax of the config)`)
}
