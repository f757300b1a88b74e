import { labelOf } from '../client-node.ts'
import { noteWait } from '../call-options.ts'
import type { BreakKind } from '../gdb/breakpoints.ts'
import type { OpenProbe } from '../gdb/open-probe.ts'
import { describeAddress, describeStop, type DebugStop } from '../gdb/stop.ts'
import type { Breakpoint, DebugAddress, LoadProgramOptions } from '../gdb/types.ts'
import { DebugProbeBase } from './debug-probe-base.ts'

/** The wait for a stop, without other limits, in milliseconds. */
const stopTimeoutMs = 30_000

/** The commands that stubs know for a reset that stops the processor: those of OpenOCD, pyOCD and probe-rs, and that of QEMU. */
const resetCommands = ['reset halt', 'system_reset']

/**
 * A debugger: halts the processor of a board, reads and writes its memory and registers, and loads programs. It speaks gdb's remote
 * protocol over the connection of any network driver, also of an exporter in Python: to QEMU, gdbserver, OpenOCD, pyOCD, probe-rs
 * and the servers of other probes. The program stands still from the first use on; {@link continue} and {@link detach} let it run.
 *
 * @example
 * ```ts
 * const test = needs({ dut: { drivers: { board: { gdb: DebugProbeClient } } } })
 * test('starts with the LED off', async ({ dut }) => {
 *   const probe = dut.board.gdb
 *   await probe.load('firmware.elf')
 *   await probe.runTo('main')
 *   expect(await probe.readWord('led_state')).toBe(0)
 * })
 * ```
 */
export class DebugProbeClient extends DebugProbeBase {
  /** Stops the program. Does nothing if it stands still. */
  async halt(): Promise<DebugStop> {
    const { signal } = this.limits()
    return (await this.open()).target.session.interrupt({ signal })
  }

  /** Lets the program run until a breakpoint, or {@link halt}. */
  async continue(): Promise<void> {
    const { breakpoints, registers } = await this.open()
    await breakpoints.resume(() => registers.read('pc', this.waits()), this.waits())
  }

  /** Makes steps of one instruction each. */
  async step(count = 1): Promise<DebugStop> {
    const { breakpoints, registers, target } = await this.open()
    for (let done = 0; done < count; done++) {
      await breakpoints.step(() => registers.read('pc', this.waits()), this.waits())
    }
    return target.session.stop ?? target.session.askStop(this.waits())
  }

  /**
   * Waits until the program stands still; at once if it does already.
   *
   * @throws HardwareError CALL_TIMEOUT with origin `firmware` when it still runs after 30 s, or the time of `with({ timeoutMs })`. It
   *   goes on running
   */
  async waitForStop(): Promise<DebugStop> {
    const { target } = await this.open()
    const waitEnded = noteWait(() => `${labelOf(this.node, 'probe')} did not stop so far.`)
    try {
      return await target.session.waitForStop(this.limits(stopTimeoutMs))
    } finally {
      waitEnded()
    }
  }

  /**
   * Resets the processor, and halts it before its first instruction.
   *
   * @param options.command the stub's command for it (default: the first that the stub knows of `reset halt` and `system_reset`)
   * @throws HardwareError NOT_IMPLEMENTED when the stub knows none of them
   */
  async reset({ command }: { readonly command?: string | undefined } = {}): Promise<void> {
    await this.halt()
    const commands = command === undefined ? resetCommands : [command]
    for (const one of commands) {
      const output = await this.monitor(one)
      if (!/unknown command|invalid command|not found|undefined/i.test(output)) return
    }
    throw this.error('NOT_IMPLEMENTED', `the stub knows none of the commands ${commands.join(', ')}`)
  }

  /**
   * Runs a command of the stub, as gdb's `monitor` does.
   *
   * @returns its output
   */
  async monitor(command: string): Promise<string> {
    return (await this.open()).target.monitor(command, { ...this.waits(), timeoutMs: stopTimeoutMs })
  }

  /** Reads the registers, by their names. */
  async registers(): Promise<Readonly<Record<string, bigint>>> {
    return (await this.open()).registers.readAll(this.waits())
  }

  /**
   * Reads a register.
   *
   * @param name such as `r0`; `pc` for the program counter of any processor
   */
  async register(name: string): Promise<bigint> {
    return (await this.open()).registers.read(name, this.waits())
  }

  async writeRegister(name: string, value: number | bigint): Promise<void> {
    await (await this.open()).registers.write(name, BigInt(value), this.waits())
  }

  /**
   * Reads memory.
   *
   * @param length the number of bytes
   * @throws HardwareError DEVICE_IO when there is no memory, ARGUMENT_INVALID for a symbol that the program does not have
   */
  async readMemory(address: DebugAddress, length: number): Promise<Buffer> {
    const from = this.addressOf(address)
    return (await this.open()).target.readMemory(from, length, this.waits())
  }

  /** Writes memory. Flash of a board needs {@link load}. */
  async writeMemory(address: DebugAddress, data: Uint8Array | readonly number[]): Promise<void> {
    const to = this.addressOf(address)
    await (await this.open()).target.writeMemory(to, Uint8Array.from(data), this.waits())
  }

  /** Reads a word of 32 bits, without a sign. */
  async readWord(address: DebugAddress): Promise<number> {
    const bytes = await this.readMemory(address, 4)
    return this.probe.isLittleEndian ? bytes.readUInt32LE() : bytes.readUInt32BE()
  }

  async writeWord(address: DebugAddress, value: number): Promise<void> {
    const bytes = Buffer.alloc(4)
    if (this.probe.isLittleEndian) bytes.writeUInt32LE(value >>> 0)
    else bytes.writeUInt32BE(value >>> 0)
    await this.writeMemory(address, bytes)
  }

  /**
   * Stops the program before an instruction.
   *
   * @param options.hardware true for a breakpoint in the processor, which works in flash (default: one in the memory, and one in the
   *   processor where the stub knows no other)
   * @example
   * ```ts
   * await using _ = await dut.probe.breakpoint('on_button')
   * await dut.probe.continue()
   * await dut.probe.waitForStop()
   * ```
   */
  async breakpoint(
    address: DebugAddress,
    { hardware = false }: { readonly hardware?: boolean | undefined } = {},
  ): Promise<Breakpoint> {
    const at = this.addressOf(address)
    const open = await this.open()
    return this.setBreak(open, hardware ? ['hardware'] : ['software', 'hardware'], at, open.breakpoints.codeLength)
  }

  /**
   * Stops the program when it uses data.
   *
   * @param options.length the number of bytes (default: the size of the symbol, else 4)
   * @param options.access the use that stops it (default `write`)
   */
  async watchpoint(
    address: DebugAddress,
    {
      length,
      access = 'write',
    }: {
      readonly length?: number | undefined
      readonly access?: 'write' | 'read' | 'access' | undefined
    } = {},
  ): Promise<Breakpoint> {
    const at = this.addressOf(address)
    const size = typeof address === 'string' ? this.probe.symbol(address)?.size : undefined
    return this.setBreak(await this.open(), [access], at, length ?? (size || 4))
  }

  /**
   * Lets the program run to a place, and waits until it is there.
   *
   * @throws HardwareError CALL_TIMEOUT as {@link waitForStop}, after the program was halted; CALL_FAILED with origin `firmware` when it
   *   stops elsewhere, for a crash or at another breakpoint
   */
  async runTo(address: DebugAddress): Promise<void> {
    const at = this.addressOf(address)
    await using _ = await this.breakpoint(address)
    await this.continue()
    try {
      const stop = await this.waitForStop()
      const pc = stop.reason === 'exited' || stop.reason === 'killed' ? undefined : await this.register('pc')
      if (pc === at) return
      const where = pc === undefined ? '' : ` at 0x${pc.toString(16)}`
      throw this.error(
        'CALL_FAILED',
        `the program ${describeStop(stop)}${where} on its way to ${describeAddress(address)}`,
        'firmware',
      )
    } catch (error) {
      // Breakpoints can be removed only while the program stands still.
      if (this.probe.current?.target.session.isRunning === true) await this.halt()
      throw error
    }
  }

  /**
   * Writes a program into the memory of the board, also into flash where the stub says that there is some, and reads it back. Its
   * symbols are those of addresses from then on. The processor is where it was; {@link reset} starts the program.
   *
   * @param program the path of an ELF file, or its bytes
   * @throws HardwareError IMAGE_INVALID for a file that is no ELF file, DEVICE_IO when the memory differs from it afterwards
   */
  async load(program: string | Uint8Array, options: LoadProgramOptions = {}): Promise<void> {
    const elf = await this.useSymbols(program)
    if (elf.segments.length === 0) throw this.error('IMAGE_INVALID', 'the program has nothing to load')
    await this.halt()
    const { loadProgram } = await import('../gdb/load.ts')
    await loadProgram((await this.open()).target, elf, { ...options, signal: this.limits().signal })
  }

  /** Removes nothing, lets the program run, and closes the connection. The next use connects again. */
  async detach(): Promise<void> {
    const open = this.probe.current
    if (open !== undefined && open.target.session.lost === undefined) {
      await open.target.session.interrupt(this.waits())
      await open.target.session.ask('D', { ...this.waits(), accepts: (content) => content.toString() === 'OK' })
    }
    this.probe.close()
  }

  private async setBreak(
    { breakpoints }: OpenProbe,
    kinds: readonly [BreakKind, ...BreakKind[]],
    address: bigint,
    length: number,
  ): Promise<Breakpoint> {
    const removeBreak = await breakpoints.set(kinds, address, length, this.waits())
    const remove = () => removeBreak(this.waits())
    return { address, remove, [Symbol.asyncDispose]: remove }
  }
}
