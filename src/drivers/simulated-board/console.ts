import { Duplex } from 'node:stream'

import type { Implementation } from '../../interfaces/define.ts'
import { Serial } from '../../interfaces/serial.ts'
import { Driver } from '../../runtime/driver.ts'
import { controlLineState } from '../serial/control-line.ts'
import type { Simulator } from './simulator.ts'

/** The most bytes that wait for a slow reader. More bytes are lost, as on any serial port. */
const maxUnread = 1024 * 1024

/** Options of a {@link SimulatedConsole}. */
export interface SimulatedConsoleOptions {
  /** Reset the board when DTR becomes active (default false). */
  readonly resetByDtr?: boolean | undefined
}

/** The UART of a simulated board. Every reader receives all output. Input is sent at the firmware's baud rate. */
export class SimulatedConsole extends Driver implements Implementation<typeof Serial> {
  static readonly interface = Serial
  readonly #simulator: Simulator
  readonly #open = new Set<Duplex>()
  readonly #resetByDtr: boolean
  #dtr = false

  constructor(simulator: Simulator, { resetByDtr = false }: SimulatedConsoleOptions = {}) {
    super()
    this.#simulator = simulator
    this.#resetByDtr = resetByDtr
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

  /** Resets a board whose reset line is connected to DTR, as on an Arduino, when DTR becomes active. */
  async setDtr(active: boolean) {
    const becomesActive = controlLineState(active) && !this.#dtr
    this.#dtr = active
    if (becomesActive && this.#resetByDtr) await this.#simulator.tell({ type: 'reset' })
  }

  /** Does nothing: no simulated board connects RTS. */
  setRts(active: boolean) {
    controlLineState(active)
  }
}
