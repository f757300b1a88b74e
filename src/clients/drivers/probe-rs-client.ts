import { HardwareError } from '../../errors.ts'
import { ProbeRs } from '../../interfaces/probe-rs.ts'
import { labelOf } from '../client-node.ts'
import { DriverClient } from '../driver-client.ts'
import { type FileOptions, type FileSource, sendFile } from '../files.ts'

/**
 * A debug probe that probe-rs works. Its driver writes the errors of `reset()`, `erase()` and `download()` only to the exporter's
 * log.
 *
 * @example
 * ```ts
 * await dut.probe.download('build/firmware.elf')
 * await dut.probe.reset()
 * const [magic] = await dut.probe.read(0x2000_0000, 1)
 * ```
 */
export class ProbeRsClient extends DriverClient<typeof ProbeRs> {
  static readonly interface = ProbeRs

  /**
   * Reads the facts about the target, as a text for people.
   *
   * @throws HardwareError CALL_FAILED when probe-rs fails
   */
  async info(): Promise<string> {
    return this.notEmpty('info', await this.call('info'))
  }

  /** Resets the target, which starts a downloaded program. @returns the output of probe-rs */
  reset(): Promise<string> {
    return this.call('resetTarget')
  }

  /** Erases the whole flash. @returns the output of probe-rs */
  erase(): Promise<string> {
    return this.call('erase')
  }

  /** Writes a program with its addresses, such as an ELF file. @returns the output of probe-rs */
  download(program: FileSource, options: FileOptions = {}): Promise<string> {
    return sendFile(this, program, options, (handle) => this.call('download', handle))
  }

  /**
   * Reads words of memory.
   *
   * @param count their number
   * @param options.width the bits of a word (default 32)
   * @throws HardwareError CALL_FAILED when probe-rs fails
   */
  async read(address: number, count: number, { width = 32 }: { readonly width?: 8 | 16 | 32 } = {}): Promise<number[]> {
    return (await this.readWords(width, address, count)).map((word) => Number.parseInt(word, 16))
  }

  /** Reads words of 64 bits; see {@link ProbeRsClient.read}. */
  async read64(address: number, count: number): Promise<bigint[]> {
    return (await this.readWords(64, address, count)).map((word) => BigInt(`0x${word}`))
  }

  private async readWords(width: number, address: number, count: number): Promise<string[]> {
    if (!Number.isSafeInteger(address) || address < 0 || !Number.isSafeInteger(count) || count < 1) {
      const message = `Cannot read ${count} words at ${address}: the address is 0 or more, the count 1 or more`
      throw new HardwareError('ARGUMENT_INVALID', message)
    }
    const words = await this.call('read', `b${width}`, `0x${address.toString(16)}`, String(count))
    this.notEmpty('read', words.join(''))
    return words.map((word) => word.replace(/^0x/, ''))
  }

  /** The driver returns nothing after a failure. */
  private notEmpty(method: string, output: string): string {
    if (output !== '') return output
    const message = `${labelOf(this.node, 'probe')}.${method}: probe-rs failed; the exporter's log has the reason`
    throw new HardwareError('CALL_FAILED', message, { details: { driver: this.node.path } })
  }
}
