import { pause } from '../../../base/pause.ts'
import type { ModemLines } from '../../../interfaces/serial.ts'
import { encodeModemLines, modemBits } from './com-port.ts'

/** The time between two looks at the lines, in milliseconds. The kernel has no event for them that Node could get. */
const periodMs = 100

/** The bit for the end of a ring. It is the only change that does not count both ways. */
const ringDelta = modemBits.ri >> 4

/** Tells a client of RFC 2217 the lines that the other side of a port drives, when they change. */
export class ModemWatch {
  readonly #read: () => Promise<ModemLines>
  readonly #send: (bits: number) => void
  #mask = 0xff
  #last: number | undefined

  /** @param send sends NOTIFY-MODEMSTATE */
  constructor(read: () => Promise<ModemLines>, send: (bits: number) => void) {
    this.#read = read
    this.#send = send
  }

  /** Sets the bits that the client wants to know. */
  set mask(bits: number) {
    this.#mask = bits
  }

  /**
   * Tells the lines, and from then on each change until the signal is aborted. A port without lines is not asked again.
   *
   * @returns a promise that is fulfilled when the lines have been told, or the port has none
   */
  async start(signal: AbortSignal): Promise<void> {
    try {
      await this.tell({ always: true })
    } catch {
      return
    }
    void this.#tellChanges(signal)
  }

  async #tellChanges(signal: AbortSignal): Promise<void> {
    try {
      for (;;) {
        await pause(periodMs, { signal, ref: false })
        await this.tell({ always: false })
      }
    } catch {
      // The session has ended, or the port is closed.
    }
  }

  /**
   * Reads the lines, and tells them.
   *
   * @param options.always true to tell them also without a change
   * @throws the error of the port
   */
  async tell({ always }: { readonly always: boolean }): Promise<void> {
    const bits = encodeModemLines(await this.#read())
    const changed = bits ^ (this.#last ?? bits)
    this.#last = bits
    const deltas = (changed >> 4) & ~(bits & modemBits.ri ? ringDelta : 0)
    if (always || ((changed | deltas) & this.#mask) !== 0) this.#send((bits | deltas) & this.#mask)
  }
}
