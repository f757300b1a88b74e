import { readFile } from 'node:fs/promises'

import type { WaitOptions } from '../../base/wait-options.ts'
import { type ErrorCode, messageOf } from '../../errors.ts'
import { driverError, labelOf } from '../client-node.ts'
import type { ElfFile } from '../gdb/elf.ts'
import type { OpenProbe } from '../gdb/open-probe.ts'
import { Probe } from '../gdb/probe.ts'
import type { DebugAddress } from '../gdb/types.ts'
import { NetworkClient } from './network-client.ts'

/** The connection of a debugger, and the symbols of the program. */
export abstract class DebugProbeBase extends NetworkClient {
  /** Notes about packets of the stub that nobody waited for, the latest last. */
  readonly strays: string[] = []
  protected readonly probe = new Probe(() => this.connect(), {
    name: labelOf(this.node, 'probe'),
    details: { driver: this.node.path },
    onStray: (sentence) => {
      if (this.strays.push(sentence) > 100) this.strays.shift()
    },
  })

  /** Takes the symbols of a program that is in the memory already. */
  async useSymbols(program: string | Uint8Array): Promise<ElfFile> {
    const bytes = typeof program === 'string' ? await this.readProgram(program) : program
    const { readElf } = await import('../gdb/elf.ts')
    const elf = readElf(bytes)
    this.probe.elf = elf
    return elf
  }

  /**
   * Finds the address of a symbol.
   *
   * @throws HardwareError ARGUMENT_INVALID for a symbol that the program does not have, or without a program
   */
  addressOf(of: DebugAddress): bigint {
    if (typeof of !== 'string') return BigInt(of)
    const symbol = this.probe.symbol(of)
    if (symbol !== undefined) return symbol.address
    const why = this.probe.hasSymbols ? 'the program has no symbol of that name' : 'no program with symbols was loaded'
    throw this.error('ARGUMENT_INVALID', `there is no address of '${of}', because ${why}`)
  }

  protected open(): Promise<OpenProbe> {
    return this.probe.open(this.waits())
  }

  /** The limits of a packet: the signal of the call, and no time, because each packet has its own time limit. */
  protected waits(): Pick<WaitOptions, 'signal'> {
    return { signal: this.limits().signal }
  }

  private async readProgram(path: string): Promise<Buffer> {
    try {
      return await readFile(path)
    } catch (cause) {
      throw this.error('ARGUMENT_INVALID', `the program cannot be read: ${messageOf(cause)}`)
    }
  }

  protected error(code: ErrorCode, text: string, origin?: 'firmware') {
    return driverError(this.node, code, text, { name: 'probe', origin })
  }
}
