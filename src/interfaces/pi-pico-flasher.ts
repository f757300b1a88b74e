import { call, defineInterface } from './define.ts'
import type { ResourceHandle } from './resource.ts'

/** Writes UF2 images to a Raspberry Pi Pico by its loader. */
export const PiPicoFlasher = defineInterface({
  client: 'jumpstarter_driver_pi_pico.client.PiPicoClient',
  methods: {
    /** @param target the name of the file on the loader's volume (default `Firmware.uf2`) */
    flash: call<(source: ResourceHandle, target?: string | null) => void>(),
    /** The loader cannot read the flash: always NOT_IMPLEMENTED. */
    dump: call<(target: ResourceHandle, partition?: string | null) => void>(),
    /** Brings the board into its loader, by a reset or by the serial port. */
    enterBootloader: call<() => void>({ idempotent: true }),
    /** The facts in `INFO_UF2.TXT`; none if the board is not in its loader. */
    bootloaderInfo: call<() => Readonly<Record<string, string>>>({ idempotent: true }),
  },
})
