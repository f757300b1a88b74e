import { call, defineInterface } from './define.ts'

/** A line that the exporter drives. */
export const DigitalOutput = defineInterface({
  client: 'jumpstarter_driver_gpiod.client.DigitalOutputClient',
  methods: {
    on: call<() => void>({ idempotent: true }),
    off: call<() => void>({ idempotent: true }),
    /** 0 or 1. */
    readPin: call<() => number>({ idempotent: true }),
  },
})
