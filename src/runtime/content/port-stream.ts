import { Duplex } from 'node:stream'
import type { MessagePort } from 'node:worker_threads'

/** A message between the two ends. */
type Message =
  | { readonly type: 'data'; readonly chunk: Uint8Array }
  /** A chunk was read, so the next one may come. */
  | { readonly type: 'taken' }
  | { readonly type: 'end' }

/** The number of chunks that may be under way in each direction. */
const maxUnderWay = 4

/**
 * One end of a message channel as a stream of bytes. The other end reads the bytes that are written here, and the writer waits for
 * the reader. Destroying the stream closes the port, of which the owner of the other end is notified.
 */
export class PortStream extends Duplex {
  readonly #port: MessagePort
  #underWay = 0
  #resume: (() => void) | undefined
  /** The number of chunks that have arrived, and whose receipt the other end does not know yet. */
  #unconfirmed = 0

  constructor(port: MessagePort) {
    super({ readableObjectMode: true, readableHighWaterMark: maxUnderWay })
    this.#port = port
    port.on('message', (message: Message) => this.#receive(message))
  }

  #receive(message: Message): void {
    switch (message.type) {
      case 'data':
        if (this.push(Buffer.from(message.chunk.buffer))) this.#port.postMessage({ type: 'taken' } satisfies Message)
        else this.#unconfirmed++
        return
      case 'taken': {
        // The callback may write the next chunk, and wait again, before it returns.
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
    for (; this.#unconfirmed > 0; this.#unconfirmed--) this.#port.postMessage({ type: 'taken' } satisfies Message)
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#underWay++
    // The copy is handed over to the other thread, instead of being copied once more.
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
