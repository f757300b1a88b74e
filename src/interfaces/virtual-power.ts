import { call, defineInterface } from './define.ts'
import { Power } from './power.ts'

/** Power of a simulated device. */
export const VirtualPower = defineInterface({
  client: 'jumpstarter_driver_power.client.VirtualPowerClient',
  safe: 'off',
  methods: {
    ...Power.methods,
    /** @param destroy also erase everything that the device keeps without power */
    off: call<(destroy?: boolean | null) => void>({ idempotent: true }),
  },
})
