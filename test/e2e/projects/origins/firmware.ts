import { Duplex } from 'node:stream'
import { Driver, type Implementation } from 'vitest-hardware'
import { Serial } from 'vitest-hardware/interfaces'

interface Config {
  readonly prints: string
  /** The text comes again after each period, in milliseconds. */
  readonly everyMs?: number
}

/** The console of a board that prints a text when it is opened. */
export class Firmware extends Driver implements Implementation<typeof Serial> {
  static readonly interface = Serial
  readonly #config: Config

  constructor(config: Config) {
    super()
    this.#config = config
  }

  connect() {
    const { prints, everyMs } = this.#config
    const stream = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() })
    stream.push(prints)
    const timer = everyMs === undefined ? undefined : setInterval(() => stream.push(prints), everyMs)
    stream.on('close', () => clearInterval(timer))
    return stream
  }

  setDtr() {}

  setRts() {}

  override close() {}
}
