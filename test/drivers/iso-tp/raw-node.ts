import { now } from '../../../src/base/clock.ts'
import { CanPort } from '../../../src/drivers/can/channel.ts'
import { planChannel } from '../../../src/drivers/can/config.ts'
import type { Frame } from '../../../src/drivers/can/frame.ts'

/** A node on a virtual bus that sends and receives frames by hand. */
export class RawNode implements AsyncDisposable {
  /** The frames that have come, as hex after their ids: `7e0#0211`. */
  readonly frames: string[] = []
  /** The times at which they came, in milliseconds. */
  readonly timesMs: number[] = []
  /** Is called for each frame. */
  answer: (text: string) => void | Promise<void> = () => undefined
  readonly #port: CanPort
  readonly #signal = new AbortController().signal

  private constructor(channel: string) {
    this.#port = new CanPort(planChannel({ interface: 'virtual', channel }), {
      frame: ({ id, data }) => {
        const text = `${id.toString(16)}#${data.toString('hex')}`
        this.timesMs.push(now())
        this.frames.push(text)
        void this.answer(text)
      },
      lost: () => undefined,
      warn: () => undefined,
    })
  }

  static async open(channel: string): Promise<RawNode> {
    const node = new RawNode(channel)
    await node.#port.open(node.#signal)
    return node
  }

  /** Sends a frame: `7e8#300000`. An identifier of more than three digits has 29 bits. */
  async send(text: string): Promise<void> {
    const [id = '', bytes = ''] = text.split('#')
    const data = Buffer.from(bytes, 'hex')
    const frame: Frame = {
      id: Number.parseInt(id, 16),
      isExtended: id.length > 3,
      isRemote: false,
      isFd: data.length > 8,
      bitrateSwitch: false,
      data,
      length: data.length,
    }
    await this.#port.send(frame, this.#signal)
  }

  [Symbol.asyncDispose]() {
    return this.#port.close()
  }
}

let buses = 0

/** A name for a bus of a test's own. */
export const newChannel = () => `iso-tp-${buses++}`

/** Bytes of a message: 0, 1, 2 … */
export const bytes = (length: number) => Buffer.from(Array.from({ length }, (_, index) => index & 0xff))
