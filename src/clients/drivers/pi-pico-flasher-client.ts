import { PiPicoFlasher } from '../../interfaces/pi-pico-flasher.ts'
import type { DriverClient } from '../driver-client.ts'
import { FlasherClient } from './flasher-client.ts'

/** Writes UF2 images to a Raspberry Pi Pico by its loader, which cannot read the flash. */
export class PiPicoFlasherClient extends FlasherClient {
  static override readonly interface = PiPicoFlasher

  /** Brings the board into its loader, by a reset or by the serial port. */
  async enterBootloader(): Promise<void> {
    await this.pico.call('enterBootloader')
  }

  /** Reads the facts in `INFO_UF2.TXT`. There are none if the board is not in its loader. */
  bootloaderInfo(): Promise<Readonly<Record<string, string>>> {
    return this.pico.call('bootloaderInfo')
  }

  private get pico(): DriverClient<typeof PiPicoFlasher> {
    return this
  }
}
