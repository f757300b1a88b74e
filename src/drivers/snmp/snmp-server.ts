import type { CheckOptions, Requirement } from '../../base/requirement.ts'
import type { Implementation } from '../../interfaces/define.ts'
import { SnmpPower } from '../../interfaces/snmp-power.ts'
import { callSignal } from '../../runtime/call.ts'
import { Driver } from '../../runtime/driver.ts'
import { checkSnmpServerConfig, type SNMPServerConfig, snmpServerRules } from './config.ts'
import { SnmpDevice } from './snmp-device.ts'

/** The default of Jumpstarter's driver: switchingOperation of Raritan's PDU2-MIB, for the outlets of the first unit. */
const raritanOid = '1.3.6.1.4.1.13742.6.4.1.2.1.2.1'

/**
 * An outlet of a power distribution unit that SNMPv3 switches (needs `npm install net-snmp`). It cannot measure. The outlet's value
 * is 1 for on and 0 for off, as Raritan's units have it; {@link SnmpOutlet} is for all others.
 *
 * @example
 * ```yaml
 * export:
 *   power:
 *     type: jumpstarter_driver_snmp.driver.SNMPServer
 *     config: { host: pdu.lab.example, user: labuser, plug: 32, auth_protocol: SHA, auth_key: a long password }
 * ```
 */
export class SNMPServer extends Driver implements Implementation<typeof SnmpPower> {
  static readonly interface = SnmpPower
  static readonly configRules = snmpServerRules
  readonly #device: SnmpDevice
  readonly #oid: string

  /** Says if the package net-snmp is installed, and if the device answers. */
  static check(config: SNMPServerConfig, { signal }: CheckOptions): Promise<readonly Requirement[]> {
    return new SnmpDevice(config).check(signal)
  }

  /** @throws TypeError with all mistakes of the config */
  constructor(config: SNMPServerConfig) {
    super()
    checkSnmpServerConfig(config)
    this.#device = new SnmpDevice(config)
    this.#oid = `${config.oid ?? raritanOid}.${config.plug}`
  }

  on() {
    return this.#set('ON', 1)
  }

  off() {
    return this.#set('OFF', 0)
  }

  async #set(state: 'ON' | 'OFF', value: number): Promise<string> {
    this.logger.info(`sends power ${state} to ${this.#device.address}`)
    await this.#device.set(this.#oid, value, callSignal())
    // Jumpstarter's words.
    return `Power ${state} command sent successfully`
  }
}
