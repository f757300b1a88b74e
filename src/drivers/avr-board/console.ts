import { Duplex } from 'node:stream'

import type { Implementation } from '../../interfaces/define.ts'
import { Serial } from '../../interfaces/serial.ts'
import { Driver } from '../../runtime/driver.ts'
import type { Simulator } from './simulator.ts'

/** What is kept for a reader that does not read; more than that is lost, as on any serial port. */
const maxUnread = 1024 * 1024

/** The board's UART. All readers see all it sends; what they write is sent at the firmware's baud rate. */
export class AvrConsole extends Driver implements Implementation<typeof Serial> {
  static readonly interface = Serial
  readonly #simulator: Simulator
  readonly #open = new Set<Duplex>()
  #dtr = false

  constructor(simulator: Simulator) {
    super()
    this.#simulator = simulator
  }

  connect() {
    const simulator = this.#simulator
    const receive = (bytes: Uint8Array) => {
      if (stream.readableLength < maxUnread) stream.push(bytes)
    }
    const stream = new Duplex({
      read() {},
      write: (bytes: Buffer, _encoding, done) => simulator.send(bytes, done),
      destroy: (error, done) => {
        simulator.off('received', receive)
        this.#open.delete(stream)
        done(error)
      },
    })
    simulator.on('received', receive)
    this.#open.add(stream)
    return stream
  }

  override close() {
    for (const stream of this.#open) stream.destroy()
  }

  /** As on an Arduino, the board is reset when DTR becomes active. */
  async setDtr(active: boolean) {
    const becomesActive = active && !this.#dtr
    this.#dtr = active
    if (becomesActive) await this.#simulator.tell({ type: 'reset' })
  }

  /** Not connected on an Arduino. */
  setRts() {}
}
