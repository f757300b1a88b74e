import { type IscsiLun, IscsiServer } from '../../interfaces/iscsi-server.ts'
import type { FileOptions, FileSource } from '../files.ts'
import { FileServerClient } from './file-server-client.ts'

/** The bytes of a MiB. */
const mebibyte = 1024 * 1024

/** Options of {@link IscsiServerClient.addLun}. */
export interface AddLunOptions {
  /** The size of a new file, in MiB. Without it the file has to exist. */
  readonly sizeMb?: number | undefined
  /** True if the file is a block device of the exporter's machine (default false). */
  readonly isBlock?: boolean | undefined
}

/**
 * An iSCSI server that offers disks to boards. The files of the disks are in its `storage`.
 *
 * @example
 * ```ts
 * await dut.iscsi.start()
 * const target = await dut.iscsi.serveImage('root', 'build/root.img')
 * ```
 */
export class IscsiServerClient extends FileServerClient<typeof IscsiServer> {
  static readonly interface = IscsiServer

  /** Reads the name by which initiators find the server. */
  targetIqn(): Promise<string> {
    return this.call('getTargetIqn')
  }

  /**
   * Offers a file of the storage, or a block device, as a disk.
   *
   * @param file the path in the storage, or that of the block device
   */
  async addLun(name: string, file: string, { sizeMb = 0, isBlock = false }: AddLunOptions = {}): Promise<void> {
    await this.call('addLun', name, file, sizeMb, isBlock)
  }

  /** Offers a disk no longer. Its file stays. */
  async removeLun(name: string): Promise<void> {
    await this.call('removeLun', name)
  }

  /** Lists the disks. */
  listLuns(): Promise<readonly IscsiLun[]> {
    return this.call('listLuns')
  }

  /** Removes all disks, also those of earlier sessions. */
  async clearAllLuns(): Promise<void> {
    await this.call('clearAllLuns')
  }

  /**
   * Writes an image into the storage and offers it as a disk.
   *
   * @param name the name of the disk; its file is `NAME.img`
   * @param options.encoding the compression of the image, which is unpacked on its way
   * @returns the name by which initiators find the server
   */
  async serveImage(name: string, image: FileSource, options: FileOptions = {}): Promise<string> {
    const file = `${name}.img`
    await this.storage.writeFile(file, image, options)
    const { contentLength } = await this.storage.stat(file)
    // The driver makes a disk of whole MiB, at least of one.
    await this.addLun(name, file, { sizeMb: Math.max(1, Math.ceil(contentLength / mebibyte)) })
    return this.targetIqn()
  }
}
