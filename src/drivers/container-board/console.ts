import { messageOf } from '../../errors.ts'
import type { Implementation } from '../../interfaces/define.ts'
import { Serial } from '../../interfaces/serial.ts'
import { callSignal } from '../../runtime/call.ts'
import { Driver } from '../../runtime/driver.ts'
import type { LineEvents, SerialLine } from '../serial/serial-line.ts'
import { SharedPort } from '../serial/shared-port.ts'
import type { Container } from './container.ts'

/**
 * The standard input and output of a container's program. It can be opened while the container is off: a reader receives all
 * output from the first byte after each power-on. Input to a container that is off is lost.
 */
export class ContainerConsole extends Driver implements Implementation<typeof Serial> {
  static readonly interface = Serial
  readonly #container: () => Container
  readonly #port: SharedPort

  /** @param container finds the container of the session */
  constructor(container: () => Container) {
    super()
    this.#container = container
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

  /** Does nothing: a container has no modem lines. */
  setDtr() {}

  setRts() {}

  #open(events: LineEvents): SerialLine {
    const container = this.#container()
    const receive = (bytes: Buffer) => events.data(bytes)
    container.on('received', receive)
    return {
      set: undefined,
      flow: undefined,
      write: (bytes) => container.send(bytes),
      close: async () => void container.off('received', receive),
    }
  }
}
