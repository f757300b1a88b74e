import { byteStream, call, defineInterface } from './define.ts'

/** A server of the Android Debug Bridge, which reaches the Android devices at the exporter's machine. */
export const AdbServer = defineInterface({
  client: 'jumpstarter_driver_adb.client.AdbClient',
  methods: {
    /** A connection to the server, in adb's protocol. */
    connect: byteStream(),
    /** The server's address on the exporter's machine: `tcp://127.0.0.1:15037`. */
    address: call<() => string>({ idempotent: true }),
    /** Starts the server. @returns its port */
    startServer: call<() => number>({ idempotent: true }),
    /** Ends the server. @returns its port */
    killServer: call<() => number>({ idempotent: true }),
    /** The output of `adb devices -l`. A text that begins with `Error:` is a failure. */
    listDevices: call<() => string>({ idempotent: true }),
  },
})
