import type { Implementation } from '../../interfaces/define.ts'
import { Serial } from '../../interfaces/serial.ts'
import { messageOf } from '../../errors.ts'
import { callSignal } from '../../runtime/call.ts'
import { Driver } from '../../runtime/driver.ts'
import { controlLineState } from '../serial/control-line.ts'
import type { LineEvents, SerialLine } from '../serial/serial-line.ts'
import { SharedPort } from '../serial/shared-port.ts'
import type { Machine } from './machine.ts'

/**
 * The board's first serial port. It can be opened while the board is off: a reader receives all output from the first byte after each
 * power-on. Input to a board that is off is lost, as on a wire.
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

  /** Ends all streams. A client can call it, and the end of the session does. */
  override async close() {
    await this.#port.close()
  }

  /** Does nothing: a simulated board has no modem lines. */
  setDtr(active: boolean) {
    controlLineState(active)
  }

  /** Does nothing: see {@link setDtr}. */
  setRts(active: boolean) {
    controlLineState(active)
  }

  #open(events: LineEvents): SerialLine {
    const receive = (bytes: Buffer) => events.data(bytes)
    this.#machine.on('received', receive)
    return {
      set: undefined,
      // QEMU must never wait for a reader, because it would answer no other request meanwhile.
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
      // The write fails when the board loses its power, and the bytes are lost.
      running.process.serial.write(bytes, () => resolve())
      running.uartWakeup.start()
    })
  }
}
