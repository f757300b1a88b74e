import { byteStream, call, defineInterface } from './define.ts'

/** A serial port. */
export const Serial = defineInterface({
  client: 'jumpstarter_driver_pyserial.client.PySerialClient',
  methods: {
    /** The port's bytes, both ways. */
    connect: byteStream({ idempotent: true }),
    /** Closes the port for everybody. */
    close: call<() => void>({ idempotent: true }),
    setDtr: call<(active: boolean) => void>({ idempotent: true }),
    setRts: call<(active: boolean) => void>({ idempotent: true }),
  },
})
