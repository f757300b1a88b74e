import { call, defineInterface } from './define.ts'
import type { ResourceHandle } from './resource.ts'

/** Writes images to a device and reads them back. A client's `resource()` makes the handles. */
export const Flasher = defineInterface({
  client: 'jumpstarter_driver_opendal.client.FlasherClient',
  methods: {
    /** @param partition the part of the device, if it has several */
    flash: call<(source: ResourceHandle, partition?: string | null) => void>(),
    /**
     * @param target the file to write
     * @param partition the part of the device, if it has several
     */
    dump: call<(target: ResourceHandle, partition?: string | null) => void>(),
  },
})
