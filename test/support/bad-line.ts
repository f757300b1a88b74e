import { Transform } from 'node:stream'

/** A serial line that damages the markers by which shells tell that a command has begun or ended. */
export class BadLine extends Transform {
  /** The number of the next markers that it damages. */
  next = 0
  readonly #damage: (marker: string) => string
  #rest = ''

  constructor(damage: (marker: string) => string) {
    super()
    this.#damage = damage
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: () => void) {
    const text = this.#rest + chunk.toString('latin1')
    // A marker may come in pieces, and so may the end of its line.
    const cut = /v(?:h[\da-f]{0,16}(?::\d{0,3};?)?\r?)?$/.exec(text)?.index ?? text.length
    this.#rest = text.slice(cut)
    const printed = text.slice(0, cut).replaceAll(/vh[\da-f]{16}(?::\d{1,3};)?\r\n/g, (marker) => {
      if (this.next === 0) return marker
      this.next--
      return this.#damage(marker)
    })
    this.push(Buffer.from(printed, 'latin1'))
    done()
  }
}
