import { call, defineInterface } from './define.ts'

/** Which change of a line to wait for. */
export type Edge = 'rising' | 'falling' | 'both'

/** A line that the exporter reads. Times are in seconds here, as upstream has them; without one a wait has no limit. */
export const DigitalInput = defineInterface({
  client: 'jumpstarter_driver_gpiod.client.DigitalInputClient',
  methods: {
    /** 0 or 1. */
    readPin: call<() => number>({ idempotent: true }),
    waitForActive: call<(timeoutSeconds?: number | null) => void>(),
    waitForInactive: call<(timeoutSeconds?: number | null) => void>(),
    waitForEdge: call<(edge: Edge, timeoutSeconds?: number | null) => void>(),
  },
})
