import { call, defineInterface } from './define.ts'
import type { ResourceHandle } from './resource.ts'

/** Writes an STM32 by the volume that its ST-LINK shows. It takes files with the ends `.bin` and `.hex`. */
export const StlinkFlasher = defineInterface({
  client: 'jumpstarter_driver_stlink_msd.client.StlinkMsdFlasherClient',
  methods: {
    /** The facts in the file `DETAILS.TXT` of the volume. */
    info: call<() => Readonly<Record<string, string>>>({ idempotent: true }),
    /** @param target the name of the file on the volume */
    flash: call<(source: ResourceHandle, target?: string | null) => void>(),
    /** The volume cannot be read: always NOT_IMPLEMENTED. */
    dump: call<(target: ResourceHandle, partition?: string | null) => void>(),
  },
})
