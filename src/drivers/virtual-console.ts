import { messageOf } from '../errors.ts'
import type { Implementation } from '../interfaces/define.ts'
import { Serial } from '../interfaces/serial.ts'
import { callSignal } from '../runtime/call.ts'
import { Driver } from '../runtime/driver.ts'
import { controlLineState } from './serial/control-line.ts'
import type { LineEvents, SerialLine } from './serial/serial-line.ts'
import { SharedPort } from './serial/shared-port.ts'

type OutputListener = (bytes: Buffer) => void
type LossListener = (error: Error) => void

/** A board that is a program on this machine: a machine in QEMU, or a container. */
export interface VirtualBoard {
  /** Calls back with all that the board prints. */
  on(event: 'received', listener: OutputListener): unknown
  off(event: 'received', listener: OutputListener): unknown
  /** Calls back when output may be missing. Streams end with the error, and new ones go on. */
  on(event: 'lost', listener: LossListener): unknown
  off(event: 'lost', listener: LossListener): unknown
  /** Sends bytes to the board. They are lost while it is off. */
  send(bytes: Uint8Array): Promise<void>
}

/**
 * The console of a board that is a program on this machine. It can be opened while the board is off: a reader receives all output
 * from the first byte after each power-on. Input to a board that is off is lost, as on a wire.
 */
export class VirtualConsole extends Driver implements Implementation<typeof Serial> {
  static readonly interface = Serial
  readonly #board: () => VirtualBoard
  readonly #port: SharedPort

  /** @param board finds the board when the console is opened */
  constructor(board: () => VirtualBoard) {
    super()
    this.#board = board
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

  /** Does nothing: such a board has no modem lines. */
  setDtr(active: boolean) {
    controlLineState(active)
  }

  /** Does nothing: see {@link setDtr}. */
  setRts(active: boolean) {
    controlLineState(active)
  }

  #open(events: LineEvents): SerialLine {
    const board = this.#board()
    const receive = (bytes: Buffer) => events.data(bytes)
    const lose = (error: Error) => events.closed(error)
    board.on('received', receive)
    board.on('lost', lose)
    return {
      set: undefined,
      // A board must never wait for a reader: QEMU would answer no other request meanwhile.
      flow: undefined,
      write: (bytes) => board.send(bytes),
      close: async () => {
        board.off('received', receive)
        board.off('lost', lose)
      },
    }
  }
}
