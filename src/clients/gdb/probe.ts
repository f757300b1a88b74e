import type { Duplex } from 'node:stream'

import { Mutex } from '../../base/mutex.ts'
import type { WaitOptions } from '../../base/wait-options.ts'
import type { ElfFile, ElfSymbol } from './elf.ts'
import { Breakpoints } from './breakpoints.ts'
import { Registers } from './registers.ts'
import type { GdbSessionOptions } from './session.ts'
import { GdbTarget } from './target.ts'

/** The parts of an open connection to a stub. */
export interface OpenProbe {
  readonly target: GdbTarget
  readonly registers: Registers
  readonly breakpoints: Breakpoints
}

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
      const target = await GdbTarget.open(await this.#connect(), this.#options, limits)
      const registers = new Registers(target, () => this.isLittleEndian)
      this.#open = { target, registers, breakpoints: new Breakpoints(target) }
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
