import { call, defineInterface } from './define.ts'
import type { ResourceHandle } from './resource.ts'

/** The facts that an ESP32 tells about itself, such as `chip`, `features` and `mac`. */
export type Esp32ChipInfo = Readonly<Record<string, string>>

/** Writes the flash of an ESP32 over its serial port. Its child is `serial`. */
export const Esp32Flasher = defineInterface({
  client: 'jumpstarter_driver_esp32.client.Esp32FlasherClient',
  methods: {
    /** @param target the address in the flash, such as `0x10000` (default 0) */
    flash: call<(source: ResourceHandle, target?: string | null) => void>(),
    /** @param partition the part of the flash: its address, and its length in bytes after a colon (default: 4 MiB from its beginning) */
    dump: call<(target: ResourceHandle, partition?: string | null) => void>(),
    getChipInfo: call<() => Esp32ChipInfo>({ idempotent: true }),
    /** Erases the whole flash. */
    erase: call<() => void>({ idempotent: true }),
    /** Resets the chip by its reset line. */
    hardReset: call<() => void>(),
    /** Resets the chip into the loader of its ROM. */
    enterBootloader: call<() => void>({ idempotent: true }),
  },
})
