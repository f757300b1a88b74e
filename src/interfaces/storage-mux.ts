import { call, defineInterface } from './define.ts'
import type { ResourceHandle } from './resource.ts'

/** Storage that is switched between the exporter's machine and the device. A handle is what `resource()` gives. */
export const StorageMux = defineInterface({
  client: 'jumpstarter_driver_opendal.client.StorageMuxClient',
  methods: {
    /** Connects the storage to the exporter's machine. */
    host: call<() => void>({ idempotent: true }),
    /** Connects the storage to the device under test. */
    dut: call<() => void>({ idempotent: true }),
    off: call<() => void>({ idempotent: true }),
    write: call<(image: ResourceHandle) => void>(),
    read: call<(image: ResourceHandle) => void>(),
  },
})

/** Storage that is flashed in one step: to the host, written, to the device. */
export const StorageMuxFlasher = defineInterface({
  client: 'jumpstarter_driver_opendal.client.StorageMuxFlasherClient',
  methods: StorageMux.methods,
})
