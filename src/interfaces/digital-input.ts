import { call, defineInterface } from './define.ts'

/** The change of a line to wait for. */
export type Edge = 'rising' | 'falling' | 'both'

/** A line that the exporter reads. Times are in seconds, as in Jumpstarter. A wait without a time has no limit. */
export const DigitalInput = defineInterface({
  client: 'jumpstarter_driver_gpiod.client.DigitalInputClient',
  methods: {
    /** 0 or 1. */
    readPin: call<() => number>({ idempotent: true }),
    waitForActive: call<(timeout?: number | null) => void>(),
    waitForInactive: call<(timeout?: number | null) => void>(),
    waitForEdge: call<(edgeType: Edge, timeout?: number | null) => void>(),
  },
})
