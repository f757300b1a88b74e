import { Duplex } from 'node:stream'
import type { MessagePort } from 'node:worker_threads'

/** What goes over the port. */
type Message =
  | { readonly type: 'data'; readonly chunk: Uint8Array }
  /** A chunk was read; the next may come. */
  | { readonly type: 'taken' }
  | { readonly type: 'end' }

/** How many chunks may be under way in each direction. */
const maxUnderWay = 4

/**
 * One end of a message channel as a stream of bytes: what is written at one end is read at the other, no faster than it is
 * read there. Destroying it closes the port, which the other end's owner sees.
 */
export class PortStream extends Duplex {
  readonly #port: MessagePort
  #underWay = 0
  #resume: (() => void) | undefined
  /** Chunks that are here, and were more than the reader takes for now. */
  #untold = 0

  constructor(port: MessagePort) {
    super({ readableObjectMode: true, readableHighWaterMark: maxUnderWay })
    this.#port = port
    port.on('message', (message: Message) => this.#receive(message))
  }

  #receive(message: Message): void {
    switch (message.type) {
      case 'data':
        if (this.push(Buffer.from(message.chunk.buffer))) this.#port.postMessage({ type: 'taken' } satisfies Message)
        else this.#untold++
        return
      case 'taken': {
        // It may write the next chunk, and wait again, before it returns.
        const resume = this.#resume
        this.#resume = undefined
        this.#underWay--
        resume?.()
        return
      }
      case 'end':
        this.push(null)
    }
  }

  override _read(): void {
    for (; this.#untold > 0; this.#untold--) this.#port.postMessage({ type: 'taken' } satisfies Message)
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#underWay++
    // A copy of its own, which changes hands instead of being copied once more.
    const own = new Uint8Array(chunk)
    this.#port.postMessage({ type: 'data', chunk: own } satisfies Message, [own.buffer])
    if (this.#underWay < maxUnderWay) done()
    else this.#resume = done
  }

  override _final(done: () => void): void {
    this.#port.postMessage({ type: 'end' } satisfies Message)
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#port.close()
    done(error)
  }
}
