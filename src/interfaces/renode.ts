import { call, defineInterface } from './define.ts'

/** A board that Renode simulates. Its children are `power`, `flasher` and `console`. */
export const Renode = defineInterface({
  client: 'jumpstarter_driver_renode.client.RenodeClient',
  methods: {
    /** The path of the description of the board. */
    getPlatform: call<() => string>({ idempotent: true }),
    /** The path of the serial port in Renode's tree of objects: `sysbus.uart0`. */
    getUart: call<() => string>({ idempotent: true }),
    getMachineName: call<() => string>({ idempotent: true }),
    /** Runs a command of Renode's monitor, if the driver's config allows it. @returns its output */
    monitorCmd: call<(command: string) => string>(),
  },
})
