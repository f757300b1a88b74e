import { call, defineInterface } from './define.ts'

/** A board of Qualcomm's RideSX. Its children are `storage`, `serial` and `power`. */
export const RideSx = defineInterface({
  client: 'jumpstarter_driver_ridesx.client.RideSXClient',
  methods: {
    /**
     * Looks for the board in fastboot.
     *
     * @param maxAttempts default 5
     * @param delay the time between two attempts, in seconds (default 2)
     * @returns the id of the device, null if none was found
     */
    detectFastbootDevice: call<
      (
        maxAttempts?: number,
        delay?: number,
      ) => { readonly status: 'device_found' | 'no_device_found'; readonly device_id: string | null }
    >({ idempotent: true }),
    /** @param partitions files of the storage by the names of the partitions */
    flashWithFastboot: call<(deviceId: string, partitions: Readonly<Record<string, string>>) => void>(),
    /** @param partitions files in the image by the names of the partitions */
    flashOciImage:
      call<
        (
          ociUrl: string,
          partitions?: Readonly<Record<string, string>> | null,
          ociUsername?: string | null,
          ociPassword?: string | null,
        ) => { readonly status: string; readonly output: string }
      >(),
    erasePartition:
      call<
        (
          deviceId: string,
          partition: string,
        ) => { readonly status: string; readonly partition: string; readonly output: string }
      >(),
    bootToFastboot: call<() => void>(),
  },
})

/** The power of a RideSX board, which it switches by commands on its serial port. It cannot measure. */
export const RideSxPower = defineInterface({
  client: 'jumpstarter_driver_ridesx.client.RideSXPowerClient',
  safe: 'off',
  methods: {
    on: call<() => void>({ idempotent: true }),
    off: call<() => void>({ idempotent: true }),
    /** @param delay the time without power, in seconds (default 2) */
    cycle: call<(delay?: number) => void>(),
    /** Always NOT_IMPLEMENTED. */
    rescue: call<() => void>(),
  },
})
