import { StlinkFlasher } from '../../interfaces/stlink-flasher.ts'
import type { DriverClient } from '../driver-client.ts'
import { FlasherClient } from './flasher-client.ts'

/** Writes an STM32 by the volume that its ST-LINK shows. It takes files with the ends `.bin` and `.hex`, and cannot read. */
export class StlinkFlasherClient extends FlasherClient {
  static override readonly interface = StlinkFlasher

  /** Reads the facts in the file `DETAILS.TXT` of the volume. */
  info(): Promise<Readonly<Record<string, string>>> {
    return (this as unknown as DriverClient<typeof StlinkFlasher>).call('info')
  }
}
