import { NoyitoPower } from '../../interfaces/noyito-power.ts'
import type { DriverClient } from '../driver-client.ts'
import { PowerClient } from './power-client.ts'

/** One channel of a relay board of NOYITO, or all channels together. It cannot measure. */
export class NoyitoPowerClient extends PowerClient {
  static override readonly interface = NoyitoPower

  /** Reads the relay: `on`, `off`, or `partial` if the channels differ. */
  status(): Promise<string> {
    return (this as unknown as DriverClient<typeof NoyitoPower>).call('status')
  }
}
