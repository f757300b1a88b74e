import { Duplex, PassThrough } from 'node:stream'

import { byteStream, call, defineInterface, Driver, type Implementation, streaming } from 'vitest-hardware'

/** A record of the streaming call, of the size of a power reading. */
export interface BenchRecord {
  readonly index: number
  readonly voltage: number
  readonly current: number
}

const Bench = defineInterface({
  client: 'jumpstarter.client.DriverClient',
  methods: {
    echo: call<(value: unknown) => unknown>(),
    configureSource: call<(chunkBytes: number, count: number) => void>(),
    records: streaming<(count: number) => BenchRecord>(),
    sink: byteStream(),
    source: byteStream(),
    loopback: byteStream(),
  },
})

/** The driver of the benchmark for our exporter; bench_driver.py is the same one for Jumpstarter's. */
export class BenchDriver extends Driver implements Implementation<typeof Bench> {
  static readonly interface = Bench
  #chunk: Buffer = Buffer.alloc(0)
  #count = 0

  async echo(value: unknown) {
    return value
  }

  async configureSource(chunkBytes: number, count: number) {
    this.#chunk = Buffer.alloc(chunkBytes)
    this.#count = count
  }

  async *records(count: number) {
    for (let index = 0; index < count; index++) yield { index, voltage: 5, current: 0.25 }
  }

  /** Counts what it gets, and answers with the number of bytes at the end. */
  sink(): Duplex {
    let received = 0
    return new Duplex({
      read: () => undefined,
      write(chunk: Buffer, _encoding, done) {
        received += chunk.length
        done()
      },
      final(done) {
        this.push(String(received))
        this.push(null)
        done()
      },
    })
  }

  /** Sends a chunk a number of times. */
  source(): Duplex {
    const chunk = this.#chunk
    let left = this.#count
    return new Duplex({
      read() {
        while (left > 0) {
          left--
          if (!this.push(chunk)) return
        }
        this.push(null)
      },
      write: (_chunk, _encoding, done) => done(),
    })
  }

  loopback(): Duplex {
    return new PassThrough()
  }
}
