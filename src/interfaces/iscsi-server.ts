import { call, defineInterface } from './define.ts'

/** A disk that an iSCSI server offers. */
export interface IscsiLun {
  readonly name: string
  readonly path: string
  /** Bytes. */
  readonly size: number
  /** The number by which initiators find the disk. */
  readonly lun_id: number
  readonly is_block: boolean
}

/** The compression of a file that the server can unpack. */
export type IscsiCompression = 'gz' | 'xz' | 'bz2'

/** An iSCSI server that offers disks to boards. Its child `storage` has the files of the disks. */
export const IscsiServer = defineInterface({
  client: 'jumpstarter_driver_iscsi.client.ISCSIServerClient',
  methods: {
    start: call<() => void>({ idempotent: true }),
    stop: call<() => void>({ idempotent: true }),
    /** The address at which boards reach the server. */
    getHost: call<() => string>({ idempotent: true }),
    getPort: call<() => number>({ idempotent: true }),
    /** The name by which initiators find the server. */
    getTargetIqn: call<() => string>({ idempotent: true }),
    /**
     * Offers a disk.
     *
     * @param filePath the file in the storage, or the path of a block device
     * @param sizeMb the size of a new file, in MiB; 0 for a file that exists (default 0)
     * @param isBlock true for a block device (default false)
     * @returns the name
     */
    addLun: call<(name: string, filePath: string, sizeMb?: number, isBlock?: boolean) => string>(),
    removeLun: call<(name: string) => void>(),
    listLuns: call<() => readonly IscsiLun[]>({ idempotent: true }),
    /** Removes all disks, also those of earlier sessions. */
    clearAllLuns: call<() => void>({ idempotent: true }),
    /** Unpacks a file of the storage into another one. */
    decompress: call<(srcPath: string, dstPath: string, algo: IscsiCompression) => void>({ idempotent: true }),
  },
})
