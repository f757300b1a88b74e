import { call, defineInterface } from './define.ts'
import { VirtualPower } from './virtual-power.ts'

/** A virtual Android device (Cuttlefish). Its children are `power`, `storage` and `adb`. Most results are JSON texts. */
export const Cuttlefish = defineInterface({
  client: 'jumpstarter_driver_cuttlefish.client.CuttlefishClient',
  methods: {
    /** `OK` if the service that runs the devices answers. */
    status: call<() => string>({ idempotent: true }),
    /** @param configJson the configuration of the device, as Cuttlefish describes it */
    createCvd: call<(configJson: string) => string>(),
    startCvd: call<() => string>(),
    stopCvd: call<() => string>(),
    deleteCvd: call<() => string>(),
    restartCvd: call<() => string>(),
    /** Erases the device's data and starts it. */
    powerwashCvd: call<() => string>(),
    /** Presses the power button. */
    powerbtnCvd: call<() => string>(),
    /**
     * Waits until Android runs.
     *
     * @param timeout in seconds (default 0: the driver's config)
     */
    waitBoot: call<(timeout?: number) => string>({ idempotent: true }),
    /** The port of the device at the Android Debug Bridge, as a text. */
    getAdbPort: call<() => string>({ idempotent: true }),
    listCvds: call<() => string>({ idempotent: true }),
    getCvd: call<() => string>({ idempotent: true }),
    getHost: call<() => string>({ idempotent: true }),
    /** The page that shows the device's screen. */
    getWebrtcUrl: call<() => string>({ idempotent: true }),
    listOperations: call<() => string>({ idempotent: true }),
    /** Deletes all devices of the service. */
    resetHost: call<() => string>(),
  },
})

/** Power of a virtual Android device. */
export const CuttlefishPower = defineInterface({
  client: 'jumpstarter_driver_cuttlefish.client.CvdPowerClient',
  safe: 'off',
  methods: VirtualPower.methods,
})
