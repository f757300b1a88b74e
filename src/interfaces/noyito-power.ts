import { call, defineInterface } from './define.ts'
import { Power } from './power.ts'

/** One channel of a relay board of NOYITO, or all channels together. It cannot measure. */
export const NoyitoPower = defineInterface({
  client: 'jumpstarter_driver_noyito_relay.client.NoyitoPowerClient',
  safe: 'off',
  methods: {
    ...Power.methods,
    /** `on`, `off`, or `partial` if the channels differ. */
    status: call<() => string>({ idempotent: true }),
  },
})
