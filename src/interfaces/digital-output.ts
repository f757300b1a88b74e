import { call, defineInterface } from './define.ts'

/** A line that the exporter drives. */
export const DigitalOutput = defineInterface({
  client: 'jumpstarter_driver_gpiod.client.DigitalOutputClient',
  methods: {
    on: call<() => void>(),
    off: call<() => void>(),
    /** 0 or 1. */
    readPin: call<() => number>(),
  },
})
