import { asFiniteNumber } from '../../base/finite-number.ts'
import type { CheckOptions, Requirement } from '../../base/requirement.ts'
import { HardwareError } from '../../errors.ts'
import type { Implementation } from '../../interfaces/define.ts'
import { Power } from '../../interfaces/power.ts'
import { callSignal } from '../../runtime/call.ts'
import { Driver } from '../../runtime/driver.ts'
import type { SnmpMeasure, SnmpOids, SnmpWrite } from './models.ts'
import { readSnmpOutletConfig, type SnmpOutletConfig, snmpOutletRules } from './outlet-config.ts'
import { SnmpDevice } from './snmp-device.ts'

/**
 * An outlet of a power distribution unit, or a port with Power over Ethernet, that SNMP 1, 2c or 3 switches and measures (needs
 * `npm install net-snmp`). The OIDs of common makers are known by the `model`; any other device works with its own.
 *
 * @example
 * ```yaml
 * export:
 *   power:
 *     type: vitest-hardware/drivers#SnmpOutlet
 *     config: { host: pdu.lab.example, model: apc-rpdu, outlet: 4 }
 *   other:
 *     type: vitest-hardware/drivers#SnmpOutlet
 *     config:
 *       host: 10.0.0.5
 *       'on': { oid: 1.3.6.1.4.1.99999.1.3, value: 1 }   # the quotes matter: in YAML 1.1, on is true
 *       'off': { oid: 1.3.6.1.4.1.99999.1.3, value: 2 }
 *       current: { oid: 1.3.6.1.4.1.99999.2.3, divisor: 1000 }
 * ```
 */
export class SnmpOutlet extends Driver implements Implementation<typeof Power> {
  static readonly interface = Power
  static readonly configRules = snmpOutletRules
  readonly #device: SnmpDevice
  readonly #oids: SnmpOids

  /** Says if the package net-snmp is installed, and if the device answers. */
  static check(config: SnmpOutletConfig, { signal }: CheckOptions): Promise<readonly Requirement[]> {
    return deviceOf(config).check(signal)
  }

  /** @throws TypeError with all mistakes of the config */
  constructor(config: SnmpOutletConfig) {
    super()
    this.#oids = readSnmpOutletConfig(config)
    this.#device = deviceOf(config)
  }

  async on() {
    await this.#write('on', this.#oids.on)
  }

  async off() {
    await this.#write('off', this.#oids.off)
  }

  /** One measurement, in volts and amperes; 0 for a value that the config has no OID for. */
  async *read() {
    const { voltage, current } = this.#oids
    if (voltage === undefined && current === undefined) {
      throw new HardwareError('NOT_IMPLEMENTED', 'The config has no OID for voltage or current')
    }
    yield { voltage: await this.#measure(voltage), current: await this.#measure(current) }
  }

  async #measure(place: SnmpMeasure | undefined): Promise<number> {
    if (place === undefined) return 0
    const value = asFiniteNumber(await this.#device.get(place.oid, callSignal()))
    if (value !== undefined) return value / (place.divisor ?? 1)
    throw new HardwareError('RESULT_INVALID', `The value of ${place.oid} is no number`, { origin: 'lab' })
  }

  async #write(state: 'on' | 'off', { oid, value }: SnmpWrite): Promise<void> {
    this.logger.info(`switches ${state}: writes ${value} to ${oid} of ${this.#device.address}`)
    await this.#device.set(oid, value, callSignal())
  }
}

function deviceOf(config: SnmpOutletConfig): SnmpDevice {
  const { host, port, timeout, version, community } = config
  if (String(version) === '3') return new SnmpDevice({ ...config, version: '3', user: config.user ?? '' })
  const place = { host, port, timeout, community: community ?? 'private' }
  return new SnmpDevice({ ...place, version: String(version) === '1' ? '1' : '2c' })
}
