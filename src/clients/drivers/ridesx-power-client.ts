import { RideSxPower } from '../../interfaces/ridesx.ts'
import { PowerClient } from './power-client.ts'

/** The power of a RideSX board. It cannot measure. */
export class RideSxPowerClient extends PowerClient {
  static override readonly interface = RideSxPower
}
