import { Duplex } from 'node:stream'

import { HardwareError } from '../../errors.ts'
import { RateLimit } from './rate-limit.ts'

/** A port whose input and output are connected: it returns all bytes that are written to it. */
export class Loop extends Duplex {
  readonly #rateLimit: RateLimit
  #closed = false
  #onRead: (() => void) | undefined

  constructor(charsPerSecond: number | undefined) {
    super()
    this.#rateLimit = new RateLimit(charsPerSecond)
  }

  /** Ends the output. Later writes fail. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.push(null)
    this.#goOn()
  }

  override _read(): void {
    this.#goOn()
  }

  #goOn(): void {
    const onRead = this.#onRead
    this.#onRead = undefined
    onRead?.()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const wanted = () => !this.#closed && !this.destroyed
    this.#rateLimit
      .send(chunk, wanted, async (piece) => {
        if (!this.push(piece)) await new Promise<void>((resolve) => (this.#onRead = resolve))
      })
      .then(() => done(this.#closed ? new HardwareError('DEVICE_IO', 'loop:// has been closed') : null), done)
  }

  override _final(done: () => void): void {
    this.close()
    done()
  }
}
