import { copyFile, rm } from 'node:fs/promises'
import { join } from 'node:path'

import { HardwareError } from '../../errors.ts'
import type { DiskFile } from './command-line.ts'
import { isPartition, type Partition, partitions, type QemuConfig } from './config.ts'
import { convertImage, createImage, diskBytes, growImage, inspectImage } from './image-file.ts'
import { parseSize } from './size.ts'

/**
 * The images of a board: those of its config, flashed ones, and the changes that the board has made. The changes are kept in other
 * files, in the board's folder, so that no image changes.
 */
export class Disks {
  readonly #config: QemuConfig
  readonly #folder: string
  readonly #flashed = new Map<Partition, string>()
  /** The changes that the board has made, by node. */
  readonly #overlays = new Map<string, DiskFile>()
  #next = 0
  /** The smallest size of the flashed disk. */
  size: string | undefined

  /** @param folder a folder for files, which the caller removes */
  constructor(config: QemuConfig, folder: string) {
    this.#config = config
    this.#folder = folder
    this.size = config.disk_size
  }

  /** Makes a path for a new file. */
  newFile(): string {
    return join(this.#folder, `image-${this.#next++}`)
  }

  /**
   * Takes a file over as the content of a target, and drops the board's changes to it.
   *
   * @throws HardwareError IMAGE_INVALID for an image that refers to another file of the exporter's machine
   */
  async put(partition: Partition, file: string): Promise<void> {
    if ((await inspectImage(file)).refersToFile) {
      const message = 'The image refers to another file; qemu-img convert makes one of it that does not'
      throw new HardwareError('IMAGE_INVALID', message)
    }
    const before = this.#flashed.get(partition)
    this.#flashed.set(partition, file)
    if (before !== undefined) await rm(before, { force: true })
    if (partition === 'root') await this.#drop('root')
  }

  /** Drops all changes that the board has made to its disks. */
  async forget(): Promise<void> {
    await Promise.all([...this.#overlays.keys()].map((node) => this.#drop(node)))
  }

  /** The flashed or configured image of a target. */
  image(partition: Partition): string | undefined {
    const { default_partitions: images, bios } = this.#config
    return this.#flashed.get(partition) ?? images?.[partition] ?? (partition === 'bios' ? bios : undefined)
  }

  /**
   * Writes the content of a target, with the board's changes, into a new file.
   *
   * @throws HardwareError ARGUMENT_INVALID when the target has no content
   */
  async dump(partition: Partition, into: string): Promise<void> {
    const image = this.image(partition)
    const overlay = partition === 'root' ? this.#overlays.get('root') : undefined
    if (overlay !== undefined) {
      const format = image === undefined ? 'raw' : (await inspectImage(image)).format
      await convertImage(overlay.file, format, into)
    } else if (image !== undefined) {
      await copyFile(image, into)
    } else {
      throw new HardwareError('ARGUMENT_INVALID', `Nothing has been flashed to '${partition}'`)
    }
  }

  /** The flashed disk with the board's changes, which is made if necessary; `undefined` for a board without a disk. */
  async root(): Promise<DiskFile | undefined> {
    const image = this.image('root')
    const wanted = this.size === undefined ? undefined : parseSize(this.size)
    if (image === undefined && wanted === undefined) return undefined
    const known = this.#overlays.get('root')
    const bytes = known === undefined && image === undefined ? 0 : await diskBytes(known?.file ?? image ?? '')
    if (wanted !== undefined && wanted < bytes) {
      const message = `The disk has ${bytes} bytes, and cannot become smaller (disk_size is ${this.size})`
      throw new HardwareError('ARGUMENT_INVALID', message)
    }
    const overlay = known ?? (await this.#overlay('root', image, wanted))
    if (wanted !== undefined && wanted > bytes && known !== undefined) await growImage(overlay.file, wanted)
    return overlay
  }

  /** The other disks of the config. */
  async others(): Promise<DiskFile[]> {
    const disks: DiskFile[] = []
    for (const [index, image] of (this.#config.disks ?? []).entries()) {
      const node = `disk${index}`
      disks.push(this.#overlays.get(node) ?? (await this.#overlay(node, image)))
    }
    return disks
  }

  async #drop(node: string): Promise<void> {
    const overlay = this.#overlays.get(node)
    this.#overlays.delete(node)
    // A running board has the file open, and uses it until the power-off.
    if (overlay !== undefined) await rm(overlay.file, { force: true })
  }

  async #overlay(node: string, image: string | undefined, bytes?: number): Promise<DiskFile> {
    const overlay = { node, file: this.newFile() }
    await createImage(overlay.file, image, bytes)
    this.#overlays.set(node, overlay)
    return overlay
  }
}

/**
 * Finds the target that a client names (default: the disk from which the board boots).
 *
 * @throws HardwareError ARGUMENT_INVALID for an unknown target
 */
export function partitionOf(target: string | null | undefined): Partition {
  if (target === undefined || target === null) return 'root'
  if (isPartition(target)) return target
  throw new HardwareError('ARGUMENT_INVALID', `There is no target '${target}'; there are ${partitions.join(', ')}`)
}
