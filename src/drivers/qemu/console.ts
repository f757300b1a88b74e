import type { Implementation } from '../../interfaces/define.ts'
import { Serial } from '../../interfaces/serial.ts'
import { messageOf } from '../../errors.ts'
import { callSignal } from '../../runtime/call.ts'
import { Driver } from '../../runtime/driver.ts'
import type { Line, LineEvents } from '../serial/line.ts'
import { SharedPort } from '../serial/shared-port.ts'
import type { Machine } from './machine.ts'

/**
 * The board's first serial port. It is there whether the board has power or not: a reader has all that the board sends,
 * from the first byte after each power-on. What is sent to a board that is off is lost, as on a wire.
 */
export class QemuConsole extends Driver implements Implementation<typeof Serial> {
  static readonly interface = Serial
  readonly #machine: Machine
  readonly #port: SharedPort

  constructor(machine: Machine) {
    super()
    this.#machine = machine
    this.#port = new SharedPort({
      name: 'The console',
      charsPerSecond: undefined,
      open: async (events) => this.#open(events),
      warn: (error) => this.logger.warning(messageOf(error)),
    })
  }

  connect() {
    return this.#port.connect(callSignal())
  }

  /** Ends all streams, by a client or at the session's end. */
  override async close() {
    await this.#port.close()
  }

  /** A board that is simulated has no modem lines. */
  setDtr() {}

  setRts() {}

  #open(events: LineEvents): Line {
    const receive = (bytes: Buffer) => events.data(bytes)
    this.#machine.on('received', receive)
    return {
      set: undefined,
      // QEMU must never wait for a reader: it would answer nothing else meanwhile.
      flow: undefined,
      write: (bytes) => this.#write(bytes),
      close: async () => void this.#machine.off('received', receive),
    }
  }

  #write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      const { running } = this.#machine
      if (running === undefined) {
        resolve()
        return
      }
      // It fails when the board loses its power, and so are the bytes lost.
      running.process.serial.write(bytes, () => resolve())
      running.waker.start()
    })
  }
}
