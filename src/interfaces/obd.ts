import { call, defineInterface } from './define.ts'

/** The state of the connection to a vehicle. */
export type ObdStatus = 'Not Connected' | 'ELM Connected' | 'OBD Connected' | 'Car Connected'

/** The diagnostics of a vehicle by OBD-II. */
export const Obd = defineInterface({
  client: 'jumpstarter_driver_obd.client.OBDClient',
  methods: {
    /** Reads a value with its unit, such as `RPM` or `SPEED`; null if the vehicle does not answer. */
    query: call<(commandName: string) => string | null>({ idempotent: true }),
    /** Erases the stored trouble codes. */
    clearDtc: call<() => void>({ idempotent: true }),
    status: call<() => ObdStatus>({ idempotent: true }),
    /** The names that `query` takes. */
    supportedCommands: call<() => readonly string[]>({ idempotent: true }),
    /** True if a vehicle answers, not just the adapter. */
    isConnected: call<() => boolean>({ idempotent: true }),
  },
})
