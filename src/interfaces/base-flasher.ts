import { call, defineInterface } from './define.ts'
import type { ResourceHandle } from './resource.ts'

/**
 * The parts that boot a board into a small Linux, which then writes the board's storage. Its children are `serial`, `power`, `tftp`,
 * `http` and `uboot`. Addresses are those of U-Boot.
 */
export const BaseFlasher = defineInterface({
  client: 'jumpstarter_driver_flashers.client.BaseFlasherClient',
  methods: {
    getDefaultTarget: call<() => string | null>({ idempotent: true }),
    /** The certificate that the board trusts, in PEM; null if there is none. */
    getCacert: call<() => string | null>({ idempotent: true }),
    /** Gets the files of the small Linux. @param forceFlashBundle another image with the files */
    setupFlasherBundle: call<(forceFlashBundle?: string | null) => void>({ idempotent: true }),
    /** Sends another device tree. */
    setDtb: call<(handle: ResourceHandle) => void>(),
    /** Chooses a device tree of the bundle. */
    useDtbVariant: call<(variant: string) => void>({ idempotent: true }),
    getFlasherManifestYaml: call<() => string>({ idempotent: true }),
    getKernelFilename: call<() => string>({ idempotent: true }),
    getInitramFilename: call<() => string | null>({ idempotent: true }),
    getDtbFilename: call<() => string>({ idempotent: true }),
    getDtbAddress: call<() => string>({ idempotent: true }),
    getKernelAddress: call<() => string>({ idempotent: true }),
    getInitramAddress: call<() => string | null>({ idempotent: true }),
    /** The command that boots the small Linux in U-Boot. */
    getBootcmd: call<() => string>({ idempotent: true }),
  },
})
