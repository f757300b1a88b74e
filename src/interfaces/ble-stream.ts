import { byteStream, call, defineInterface } from './define.ts'

/** Two characteristics of a Bluetooth Low Energy device: one that clients write, and one that notifies them. */
export const BleStream = defineInterface({
  client: 'jumpstarter_driver_ble.client.BleWriteNotifyStreamClient',
  methods: {
    /** The addresses of the device and of its characteristics, as a text for people. */
    info: call<() => string>({ idempotent: true }),
    /** Connects to the device. Bytes that are sent are written, bytes that arrive are notifications. */
    connect: byteStream(),
  },
})
