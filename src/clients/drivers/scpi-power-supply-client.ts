import { type PowerSettings, ScpiPowerSupply } from '../../interfaces/scpi-power-supply.ts'
import type { DriverClient } from '../driver-client.ts'
import { PowerClient } from './power-client.ts'

/** A laboratory power supply, or one channel of it. */
export class ScpiPowerSupplyClient extends PowerClient {
  static override readonly interface = ScpiPowerSupply

  /** @param volts the voltage while it is on; it is in force at once, and for the rest of the session */
  setVoltage(volts: number): Promise<void> {
    return this.#supply.call('setVoltage', volts)
  }

  /** @param amperes the limit of the current; it is in force at once, and for the rest of the session */
  setCurrent(amperes: number): Promise<void> {
    return this.#supply.call('setCurrent', amperes)
  }

  /** @param volts the voltage from which the supply switches itself off */
  setOvervoltageProtection(volts: number): Promise<void> {
    return this.#supply.call('setOvervoltageProtection', volts)
  }

  /** Reads the set points: volts, and the limit in amperes. */
  settings(): Promise<PowerSettings> {
    return this.#supply.call('settings')
  }

  get #supply(): DriverClient<typeof ScpiPowerSupply> {
    return this
  }
}
