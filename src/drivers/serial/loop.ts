import { Duplex } from 'node:stream'

import { HardwareError } from '../../errors.ts'
import { Pacer } from './pacer.ts'

/** A port whose ends are joined: gives back what is written to it, to its end. */
export class Loop extends Duplex {
  readonly #pacer: Pacer
  #closed = false
  #onRead: (() => void) | undefined

  constructor(charsPerSecond: number | undefined) {
    super()
    this.#pacer = new Pacer(charsPerSecond)
  }

  /** Ends the output; what is written from now on fails. */
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
    this.#pacer
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
