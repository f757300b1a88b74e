import { CuttlefishPower } from '../../interfaces/cuttlefish.ts'
import { VirtualPowerClient } from './virtual-power-client.ts'

/** Power of a virtual Android device. */
export class CuttlefishPowerClient extends VirtualPowerClient {
  static override readonly interface = CuttlefishPower
}
