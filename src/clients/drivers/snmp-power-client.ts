import { SnmpPower } from '../../interfaces/snmp-power.ts'
import { PowerClient } from './power-client.ts'

/** An outlet of a power distribution unit that is switched by SNMP. It cannot measure. */
export class SnmpPowerClient extends PowerClient {
  static override readonly interface = SnmpPower
}
