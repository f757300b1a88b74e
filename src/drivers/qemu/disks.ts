import { copyFile, rm } from 'node:fs/promises'
import { join } from 'node:path'

import { HardwareError } from '../../errors.ts'
import type { DiskFile } from './command-line.ts'
import { isPartition, type Partition, partitions, type QemuConfig } from './config.ts'
import { convertImage, createImage, diskBytes, growImage, inspectImage } from './image-file.ts'
import { parseSize } from './size.ts'

/**
 * The images of a board: those of its config, those that have been flashed, and what the board has written since. The
 * latter is kept beside them, in the board's folder, so that no image changes.
 */
export class Disks {
  readonly #config: QemuConfig
  readonly #folder: string
  readonly #flashed = new Map<Partition, string>()
  /** What the board has written, by node. */
  readonly #overlays = new Map<string, DiskFile>()
  #next = 0
  /** How large the flashed disk has to be at least. */
  size: string | undefined

  /** @param folder where files may be made; whoever made it removes it */
  constructor(config: QemuConfig, folder: string) {
    this.#config = config
    this.#folder = folder
    this.size = config.disk_size
  }

  /** A path for a new file. */
  newFile(): string {
    return join(this.#folder, `image-${this.#next++}`)
  }

  /**
   * Takes a file over as the content of a part, and forgets what the board has written there.
   *
   * @throws HardwareError IMAGE_INVALID for an image that would show the board another file of the exporter's machine
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

  /** Drops all that the board has written to its disks. */
  async forget(): Promise<void> {
    await Promise.all([...this.#overlays.keys()].map((node) => this.#drop(node)))
  }

  /** The image of a part, as it was flashed or configured. */
  image(partition: Partition): string | undefined {
    const { default_partitions: images, bios } = this.#config
    return this.#flashed.get(partition) ?? images?.[partition] ?? (partition === 'bios' ? bios : undefined)
  }

  /**
   * Writes the content of a part, with what the board has written, into a new file.
   *
   * @throws HardwareError ARGUMENT_INVALID when there is nothing in it
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

  /** The flashed disk as the board has it, made where it is not there yet; undefined for a board without one. */
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

  /** The disks of the config besides. */
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
    // A board that runs has it open, and goes on with it until it is switched off.
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
 * The part that a client names; without a name it is the disk that is booted.
 *
 * @throws HardwareError ARGUMENT_INVALID for one that there is not
 */
export function partitionOf(target: string | null | undefined): Partition {
  if (target === undefined || target === null) return 'root'
  if (isPartition(target)) return target
  throw new HardwareError('ARGUMENT_INVALID', `There is no target '${target}'; there are ${partitions.join(', ')}`)
}
