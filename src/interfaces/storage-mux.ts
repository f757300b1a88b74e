import { call, defineInterface } from './define.ts'
import type { ResourceHandle } from './resource.ts'

/** Storage that is switched between the exporter's machine and the device. A client's `resource()` makes the handles. */
export const StorageMux = defineInterface({
  client: 'jumpstarter_driver_opendal.client.StorageMuxClient',
  methods: {
    /** Connects the storage to the exporter's machine. */
    host: call<() => void>({ idempotent: true }),
    /** Connects the storage to the device under test. */
    dut: call<() => void>({ idempotent: true }),
    off: call<() => void>({ idempotent: true }),
    write: call<(src: ResourceHandle) => void>(),
    read: call<(dst: ResourceHandle) => void>(),
  },
})

/** Storage that clients flash in one step: switch to the exporter's machine, write, switch to the device. */
export const StorageMuxFlasher = defineInterface({
  client: 'jumpstarter_driver_opendal.client.StorageMuxFlasherClient',
  methods: StorageMux.methods,
})
