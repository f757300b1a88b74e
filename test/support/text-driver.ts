import { Duplex } from 'node:stream'

import { byteStream, call, defineInterface, Driver, streaming } from '../../src/index.ts'

const Texts = defineInterface({
  client: 'test.Texts',
  methods: {
    say: call<(text: unknown) => unknown>(),
    fail: call<(text: string) => void>(),
    odd: call<(kind: string) => void>(),
    note: call<(text: string) => void>(),
    repeat: streaming<(text: unknown, count: number) => unknown>(),
    later: streaming<(text: string) => unknown>(),
    echo: byteStream(),
    broken: byteStream(),
  },
})

function unreadable(): never {
  throw new Error('a getter that throws')
}

/** Gives texts back in each way in which an exporter can send one. */
export class TextDriver extends Driver {
  static readonly interface = Texts

  say(text: unknown) {
    return text
  }

  fail(text: string) {
    throw new Error(text)
  }

  /** Throws a value that is hard to describe. */
  odd(kind: string) {
    const values = {
      'no prototype': Object.create(null) as object,
      symbol: Symbol('odd'),
      'message that is no text': Object.assign(new Error('x'), { message: { a: 1 } }),
      'no constructor': Object.setPrototypeOf(new Error('x'), Object.create(Error.prototype, { constructor: {} })),
      'message that throws': Object.defineProperty(new Error('x'), 'message', { get: unreadable }),
      undefined,
    } as Record<string, unknown>
    // oxlint-disable-next-line typescript/only-throw-error -- drivers of others may throw anything
    throw values[kind]
  }

  note(text: string) {
    this.logger.info(text)
  }

  *repeat(text: unknown, count: number) {
    for (let n = 0; n < count; n++) yield text
  }

  *later(text: string) {
    yield 1
    throw new Error(text)
  }

  echo() {
    return new Duplex({
      read() {},
      write(chunk: Buffer, _encoding, done) {
        this.push(chunk)
        done()
      },
      final(done) {
        this.push(null)
        done()
      },
    })
  }

  /** A stream that breaks with what is written to it. */
  broken() {
    return new Duplex({
      read() {},
      write: (chunk: Buffer, _encoding, done) => done(new Error(chunk.toString('utf16le'))),
    })
  }
}
