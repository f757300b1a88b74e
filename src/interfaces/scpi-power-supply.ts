import { call, defineInterface } from './define.ts'
import { Power } from './power.ts'

/** The set points of a power supply. */
export interface PowerSettings {
  /** The voltage while it is on, in volts. */
  readonly voltage: number
  /** The limit of the current, in amperes. */
  readonly current: number
}

/** A laboratory power supply, or one channel of it. */
export const ScpiPowerSupply = defineInterface({
  client: 'vitest-hardware/clients/scpi-power-supply#ScpiPowerSupplyClient',
  safe: 'off',
  methods: {
    ...Power.methods,
    /** @param volts the voltage while it is on */
    setVoltage: call<(volts: number) => void>({ idempotent: true }),
    /** @param amperes the limit of the current */
    setCurrent: call<(amperes: number) => void>({ idempotent: true }),
    /** @param volts the voltage from which the supply switches itself off */
    setOvervoltageProtection: call<(volts: number) => void>({ idempotent: true }),
    /** The set points, as the supply reports them. */
    settings: call<() => PowerSettings>({ idempotent: true }),
  },
})
