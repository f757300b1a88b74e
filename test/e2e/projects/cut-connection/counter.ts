import { Duplex } from 'node:stream'
import { Driver, type Implementation } from 'vitest-hardware'
import { Serial } from 'vitest-hardware/interfaces'

/** A device that counts all the time, whether somebody reads or not. */
export class Counter extends Driver implements Implementation<typeof Serial> {
  static readonly interface = Serial
  readonly #readers = new Set<Duplex>()
  #count = 0
  readonly #timer = setInterval(() => {
    this.#count++
    for (const reader of this.#readers) reader.push(`${this.#count}\r\n`)
  }, 2)

  connect() {
    const reader: Duplex = new Duplex({
      read() {},
      write: (chunk: Buffer, _encoding, done) => {
        reader.push(`typed ${chunk.toString()}\r\n`)
        done()
      },
      destroy: (error, done) => {
        this.#readers.delete(reader)
        done(error)
      },
    })
    this.#readers.add(reader)
    return reader
  }

  setDtr() {}
  setRts() {}

  override close() {
    clearInterval(this.#timer)
  }
}
