import { call, defineInterface, streaming } from './define.ts'
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

/**
 * The work of a flash that is under way: the image comes to the exporter (`upload`), the board is brought into its loader
 * (`prepare`), chip or board are identified (`check`), the board's content is compared with the image (`compare`), the flash is
 * erased, written, and compared after that (`erase`, `write`, `verify`), the board is started (`finish`). The last phase is `done`,
 * or `unchanged` for an image that was there already.
 */
export type FlashPhase =
  | 'upload'
  | 'prepare'
  | 'check'
  | 'compare'
  | 'erase'
  | 'write'
  | 'verify'
  | 'finish'
  | 'done'
  | 'unchanged'

/** The progress of a flash, as a driver tells it. */
export interface FlashStep {
  readonly phase: FlashPhase
  /** The bytes of this phase that are done. */
  readonly bytes: number
  /** The bytes of this phase; null if the driver does not know. */
  readonly total: number | null
}

/** A flasher that tells its progress. Python's client uses it as any flasher. */
export const ProgressFlasher = defineInterface({
  client: Flasher.client,
  methods: {
    ...Flasher.methods,
    /**
     * Flashes, and tells the progress. The last record has the phase `done` or `unchanged`.
     *
     * @param partition the part of the device, if it has several
     * @param ifDifferent true to leave a device as it is that has the image already
     */
    flashWithProgress:
      streaming<(source: ResourceHandle, partition?: string | null, ifDifferent?: boolean | null) => FlashStep>(),
  },
})
