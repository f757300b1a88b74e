import { call, defineInterface } from './define.ts'

/** A Bluetooth device that the exporter simulates for the device under test. Results are JSON texts. */
export const BluetoothPeer = defineInterface({
  client: 'jumpstarter_driver_bt_peer.client.BtPeerClient',
  methods: {
    /**
     * Makes the device visible.
     *
     * @param configJson an object with `name`, `classic_enabled` and `class_of_device`
     * @returns an object with `address` and `name`
     */
    startPeer: call<(configJson?: string) => string>(),
    /** @returns an object with `status` */
    stopPeer: call<() => string>({ idempotent: true }),
    /**
     * Waits for a connection to the device.
     *
     * @param timeout in seconds (default 30)
     * @returns an object with `handle`, `address`, `transport`, `role` and `encrypted`
     */
    waitConnection: call<(timeout?: number) => string>(),
    /** @param timeout in seconds (default 30) */
    waitDisconnection: call<(timeout?: number) => string>(),
    /** Authenticates and encrypts a connection. @param handle the connection's handle (default 0: the first) */
    pair: call<(handle?: number) => string>(),
    /**
     * Connects to a device.
     *
     * @param timeout in seconds (default 30)
     */
    connectTo: call<(address: string, timeout?: number) => string>(),
    /** @param since a time in seconds; events before it are left out (default `0`) */
    getEvents: call<(since?: string) => string>({ idempotent: true }),
    /** The device's own address, not as JSON. */
    getAddress: call<() => string>({ idempotent: true }),
    getConnections: call<() => string>({ idempotent: true }),
  },
})
