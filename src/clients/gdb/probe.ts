import type { Duplex } from 'node:stream'

import { Mutex } from '../../base/mutex.ts'
import type { WaitOptions } from '../../base/wait-options.ts'
import type { ElfFile, ElfSymbol } from './elf.ts'
import type { OpenProbe } from './open-probe.ts'
import type { GdbSessionOptions } from './session.ts'

/** A debugger's connection, which is opened on first use and again after it was lost, and the symbols of the program. */
export class Probe {
  readonly #connect: () => Promise<Duplex>
  readonly #options: GdbSessionOptions
  readonly #opening = new Mutex()
  #open: OpenProbe | undefined
  #elf: ElfFile | undefined

  /** @param connect opens the connection to the stub */
  constructor(connect: () => Promise<Duplex>, options: GdbSessionOptions) {
    this.#connect = connect
    this.#options = options
  }

  /** The open connection, or a new one. Connecting stops the program. */
  open(limits: WaitOptions): Promise<OpenProbe> {
    return this.#opening.run(async () => {
      if (this.#open !== undefined && this.#open.target.session.lost === undefined) return this.#open
      // Most tests use no debugger, so the protocol is loaded by the first that does.
      const { openProbe } = await import('./open-probe.ts')
      this.#open = await openProbe(await this.#connect(), {
        ...this.#options,
        ...limits,
        isLittleEndian: () => this.isLittleEndian,
      })
      return this.#open
    }, limits)
  }

  /** The connection, if it is open. */
  get current(): OpenProbe | undefined {
    return this.#open
  }

  /** The program whose symbols have addresses. */
  set elf(elf: ElfFile) {
    this.#elf = elf
  }

  /** Finds a symbol. */
  symbol(name: string): ElfSymbol | undefined {
    return this.#elf?.symbols.get(name)
  }

  get hasSymbols(): boolean {
    return this.#elf !== undefined && this.#elf.symbols.size > 0
  }

  /** The byte order of the program; most boards have this one. */
  get isLittleEndian(): boolean {
    return this.#elf?.isLittleEndian ?? true
  }

  close(): void {
    this.#open?.target.session.close()
    this.#open = undefined
  }
}
