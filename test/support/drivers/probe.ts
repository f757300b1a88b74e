import { appendFileSync } from 'node:fs'
import { Duplex } from 'node:stream'
import { byteStream, call, defineInterface, Driver, type Implementation, streaming } from 'vitest-hardware'

/** The interface of {@link Probe}. */
const ProbeInterface = defineInterface({
  client: 'test.ProbeClient',
  methods: {
    echoBack: call<(...values: unknown[]) => unknown[]>(),
    fail: call<() => void>(),
    hang: call<() => void>(),
    countTo: streaming<(last: number) => { n: number }>(),
    shout: byteStream(),
    drip: byteStream(),
  },
})

/**
 * A driver of no known interface, with the three kinds of methods. It writes down when it is reset and closed, and which calls
 * wait. It imports the built package, as the drivers of users do.
 */
export class Probe extends Driver implements Implementation<typeof ProbeInterface> {
  static readonly interface = ProbeInterface
  readonly #journal: string

  constructor({ journal }: { readonly journal: string }) {
    super()
    this.#journal = journal
  }

  override reset() {
    this.#note('reset')
  }

  override close() {
    this.#note('close')
  }

  echoBack(...values: unknown[]) {
    return values
  }

  fail() {
    throw new RangeError('too hot')
  }

  hang() {
    this.#note('hang')
    return new Promise<void>(() => {})
  }

  async *countTo(last: number) {
    this.#note('counting')
    for (let n = 1; n <= last; n++) yield { n }
  }

  shout() {
    return new Duplex({
      read() {},
      write(chunk: Buffer, _encoding, done) {
        this.push(chunk.toString().toUpperCase())
        done()
      },
      final(done) {
        this.push(null)
        done()
      },
    })
  }

  drip() {
    const stream = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() })
    const timer = setInterval(() => stream.push('drop\n'), 20)
    stream.on('close', () => {
      clearInterval(timer)
      this.#note('drip closed')
    })
    return stream
  }

  #note(event: string): void {
    appendFileSync(this.#journal, `${event}\n`)
  }
}
