import { call, defineInterface } from './define.ts'
import type { ResourceHandle } from './resource.ts'

/** Writes images to a device and reads them back. A handle is what a client's `resource()` gives. */
export const Flasher = defineInterface({
  client: 'jumpstarter_driver_opendal.client.FlasherClient',
  methods: {
    /** @param target which part of the device, where it has several */
    flash: call<(image: ResourceHandle, target?: string | null) => void>(),
    /** @param target which part of the device, where it has several */
    dump: call<(image: ResourceHandle, target?: string | null) => void>(),
  },
})
