import { HardwareError, messageOf } from '../../errors.ts'
import type { FlowStatus } from './pdu.ts'
import type { IsoTpParams } from './params.ts'
import { PatientTimer } from './patient-timer.ts'

/** What a {@link MessageReceiver} needs, and receives. */
export interface ReceiverOptions {
  readonly params: IsoTpParams
  /** Answers the sender. */
  flow(status: FlowStatus): Promise<void>
  complete(message: Buffer): void
  /** A message has broken off, or was refused. */
  failed(error: HardwareError): void
  /** A remark for the log. */
  warn(message: string): void
}

/** A message of which not all frames have come. */
interface Reception {
  readonly message: Buffer
  /** The bytes that have come. */
  received: number
  /** The bytes of each frame but the last one. */
  readonly frameLength: number
  sequence: number
  /** The frames since the last flow control. */
  inBlock: number
}

/** Puts messages together from their frames (ISO 15765-2, 9.8): one at a time, because frames do not tell their message. */
export class MessageReceiver {
  readonly #options: ReceiverOptions
  readonly #timer: PatientTimer
  #current: Reception | undefined

  constructor(options: ReceiverOptions) {
    this.#options = options
    const { rx_consecutive_frame_timeout: timeoutMs } = options.params
    this.#timer = new PatientTimer(timeoutMs, () => {
      const details = { limitMs: timeoutMs }
      this.#break(
        (what) => new HardwareError('CALL_TIMEOUT', `${what}: no frame came within ${timeoutMs} ms`, { details }),
      )
    })
  }

  single(message: Buffer): void {
    this.#interrupt('a single frame')
    this.#options.complete(Buffer.from(message))
  }

  /** @param frameLength the most bytes of a frame, by the first one */
  first(length: number, data: Buffer, frameLength: number): void {
    this.#interrupt('a first frame')
    const { params } = this.#options
    if (length > params.max_frame_size) {
      const message = `A message of ${length} bytes was refused: max_frame_size of the config is ${params.max_frame_size}`
      this.#options.failed(new HardwareError('DEVICE_IO', message, { origin: 'lab' }))
      this.#flow('overflow')
      return
    }
    const reception = { message: Buffer.alloc(length), received: 0, frameLength, sequence: 0, inBlock: 0 }
    reception.received = data.copy(reception.message)
    this.#current = reception
    this.#flow('continue', reception)
  }

  consecutive(sequence: number, data: Buffer): void {
    const reception = this.#current
    if (reception === undefined) {
      return this.#options.warn('A consecutive frame came without the first frame of its message')
    }
    const expected = (reception.sequence + 1) & 0xf
    if (sequence !== expected) return this.#breakOff(`frame ${sequence} came in place of ${expected}`)
    const missing = reception.message.length - reception.received
    if (data.length < Math.min(missing, reception.frameLength)) {
      return this.#breakOff(`frame ${sequence} has ${data.length} bytes in place of ${reception.frameLength}`)
    }
    reception.sequence = sequence
    reception.received += data.copy(reception.message, reception.received)
    if (reception.received === reception.message.length) {
      this.stop()
      return this.#options.complete(reception.message)
    }
    reception.inBlock++
    if (reception.inBlock === this.#options.params.blocksize) {
      reception.inBlock = 0
      this.#timer.stop()
      this.#flow('continue', reception)
    } else this.#timer.start()
  }

  /** Drops the message that is coming. */
  stop(): void {
    this.#timer.stop()
    this.#current = undefined
  }

  /** Answers the sender. The frames that follow have their time from the answer on. */
  #flow(status: FlowStatus, reception?: Reception): void {
    const isCurrent = () => reception !== undefined && this.#current === reception
    void this.#options.flow(status).then(
      () => {
        if (isCurrent()) this.#timer.start()
      },
      (error: unknown) => {
        if (!isCurrent()) return
        const origin = error instanceof HardwareError ? error.origin : 'board'
        const why = `the flow control could not be sent: ${messageOf(error)}`
        this.#break((what) => new HardwareError('DEVICE_IO', `${what}: ${why}`, { cause: error, origin }))
      },
    )
  }

  /** A new message ends the one before. */
  #interrupt(what: string): void {
    if (this.#current !== undefined) {
      const { received, message } = this.#current
      this.#options.warn(`A message broke off after ${received} of ${message.length} bytes: ${what} began another one`)
    }
    this.stop()
  }

  #breakOff(why: string): void {
    this.#break((what) => new HardwareError('DEVICE_IO', `${what}: ${why}`))
  }

  #break(makeError: (what: string) => HardwareError): void {
    const reception = this.#current
    this.stop()
    if (reception === undefined) return
    const { received, message } = reception
    this.#options.failed(makeError(`A message broke off after ${received} of ${message.length} bytes`))
  }
}
