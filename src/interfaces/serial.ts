import { byteStream, call, defineInterface } from './define.ts'

/** A serial port. */
export const Serial = defineInterface({
  client: 'jumpstarter_driver_pyserial.client.PySerialClient',
  methods: {
    /** The port's bytes, both ways. */
    connect: byteStream(),
    /** Closes the port for everybody. */
    close: call<() => void>(),
    setDtr: call<(active: boolean) => void>(),
    setRts: call<(active: boolean) => void>(),
  },
})
