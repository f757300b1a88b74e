import { type Esp32ChipInfo, Esp32Flasher } from '../../interfaces/esp32-flasher.ts'
import type { DriverClient } from '../driver-client.ts'
import { FlasherClient } from './flasher-client.ts'

/**
 * Writes the flash of an ESP32 over its serial port. The `target` of `flash()` is an address, and that of `dump()` an address and a
 * length in bytes.
 *
 * @example
 * ```ts
 * await dut.flasher.flash('build/app.bin', { target: '0x10000' })
 * await dut.flasher.dump('nvs.bin', { target: '0x9000:0x6000' })
 * ```
 */
export class Esp32FlasherClient extends FlasherClient {
  static override readonly interface = Esp32Flasher

  /** Reads the facts that the chip tells about itself, such as `chip`, `features` and `mac`. */
  chipInfo(): Promise<Esp32ChipInfo> {
    return this.esp32.call('getChipInfo')
  }

  /** Erases the whole flash. */
  async erase(): Promise<void> {
    await this.esp32.call('erase')
  }

  /** Resets the chip by its reset line. */
  async hardReset(): Promise<void> {
    await this.esp32.call('hardReset')
  }

  /** Resets the chip into the loader of its ROM. */
  async enterBootloader(): Promise<void> {
    await this.esp32.call('enterBootloader')
  }

  private get esp32(): DriverClient<typeof Esp32Flasher> {
    return this
  }
}
