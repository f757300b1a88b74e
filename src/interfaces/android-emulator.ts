import { call, defineInterface } from './define.ts'

/** An emulated Android device. Its children are `adb` and `power`. */
export const AndroidEmulator = defineInterface({
  client: 'jumpstarter_driver_androidemulator.client.AndroidEmulatorClient',
  methods: {
    /** Chooses if the emulator runs without a window from the next power-on. */
    setHeadless: call<(headless: boolean) => void>({ idempotent: true }),
  },
})
