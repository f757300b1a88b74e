import { call, defineInterface, streaming } from './define.ts'

/** One measurement of a power supply. */
export interface PowerReading {
  /** Volts. */
  readonly voltage: number
  /** Amperes. */
  readonly current: number
}

/** Switches a device's power and measures it. */
export const Power = defineInterface({
  client: 'jumpstarter_driver_power.client.PowerClient',
  safe: 'off',
  methods: {
    on: call<() => void>({ idempotent: true }),
    off: call<() => void>({ idempotent: true }),
    /** Measurements, until the caller has enough. */
    read: streaming<() => PowerReading>({ idempotent: true }),
  },
})
