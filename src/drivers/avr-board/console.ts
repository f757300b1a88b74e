import { Duplex } from 'node:stream'

import type { Implementation } from '../../interfaces/define.ts'
import { Serial } from '../../interfaces/serial.ts'
import { Driver } from '../../runtime/driver.ts'
import type { Simulator } from './simulator.ts'

/** The most bytes that wait for a slow reader. More bytes are lost, as on any serial port. */
const maxUnread = 1024 * 1024

/** The board's UART. Every reader receives all output. Input is sent at the firmware's baud rate. */
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

  /** Resets the board when DTR becomes active, as on an Arduino. */
  async setDtr(active: boolean) {
    const becomesActive = active && !this.#dtr
    this.#dtr = active
    if (becomesActive) await this.#simulator.tell({ type: 'reset' })
  }

  /** Does nothing: an Arduino does not connect RTS. */
  setRts() {}
}
