import { rm } from 'node:fs/promises'
import { basename } from 'node:path'

import { wallClock } from '../../base/clock.ts'
import { HardwareError } from '../../errors.ts'
import type { QemuSnapshot } from '../../interfaces/qemu.ts'
import { blockdev, type DiskFile } from './command-line.ts'
import { createImage } from './image-file.ts'
import type { Qmp, QmpArguments } from './qmp.ts'

/** The longest that a snapshot may take to be saved, loaded or deleted, in milliseconds: gigabytes on a slow disk. */
const jobTimeoutMs = 120_000
/** QEMU cuts longer names (QEMU, include/block/snapshot.h). */
const maxNameBytes = 255
/** The size of the image for the memory, in bytes. QEMU keeps the memory behind the disk's content, so that any size will do. */
const diskBytes = 1024 * 1024

/**
 * The snapshots of a board. QEMU keeps them in the images of the disks, and the memory in an image that the board does not see.
 */
export class Snapshots {
  readonly #known = new Map<string, QemuSnapshot>()
  readonly #newFile: () => string
  #file: DiskFile | undefined
  #nextJob = 0

  /** @param newFile makes a path for a file, in a folder that the caller removes */
  constructor(newFile: () => string) {
    this.#newFile = newFile
  }

  /** The image for the memory, which QEMU opens when it starts. */
  get file(): DiskFile | undefined {
    return this.#file
  }

  get list(): QemuSnapshot[] {
    return [...this.#known.values()]
  }

  /** @param disks the nodes of the disks that belong to the snapshot */
  async save(qmp: Qmp, name: string, disks: readonly string[]): Promise<void> {
    checkName(name)
    if (this.#file === undefined) {
      const path = this.#newFile()
      const file = { node: basename(path), file: path }
      await createImage(file.file, undefined, diskBytes)
      await qmp.execute('blockdev-add', JSON.parse(blockdev(file)) as Record<string, unknown>)
      this.#file = file
    }
    if (this.#known.has(name)) await this.delete(qmp, name, disks)
    await this.#run(qmp, 'snapshot-save', name, disks)
    this.#known.set(name, { name, savedAt: new Date(wallClock()).toISOString() })
  }

  /** Brings a stopped board to a saved state. */
  async load(qmp: Qmp, name: string, disks: readonly string[]): Promise<void> {
    this.require(name)
    await this.#run(qmp, 'snapshot-load', name, disks)
  }

  async delete(qmp: Qmp, name: string, disks: readonly string[]): Promise<void> {
    this.require(name)
    await this.#run(qmp, 'snapshot-delete', name, disks)
    this.#known.delete(name)
  }

  /** Drops all snapshots, because their disks no longer exist. */
  async forget(): Promise<void> {
    this.#known.clear()
    const file = this.#file
    this.#file = undefined
    if (file !== undefined) await rm(file.file, { force: true })
  }

  /** @throws HardwareError ARGUMENT_INVALID when no snapshot has that name */
  require(name: string): void {
    if (this.#known.has(name)) return
    const names = [...this.#known.keys()].map((known) => `'${known}'`).join(', ') || 'none'
    throw new HardwareError('ARGUMENT_INVALID', `There is no snapshot '${name}'; there are ${names}`)
  }

  async #run(qmp: Qmp, command: string, tag: string, disks: readonly string[]): Promise<void> {
    const vmstate = this.#file?.node ?? ''
    const devices = [...disks, vmstate]
    const id = `job${this.#nextJob++}`
    const place = command === 'snapshot-delete' ? { devices } : { devices, vmstate }
    const concluded = {
      name: 'JOB_STATUS_CHANGE',
      matches: (data: QmpArguments) => data['id'] === id && data['status'] === 'concluded',
    }
    await qmp.executeUntil(concluded, command, { 'job-id': id, tag, ...place }, { timeoutMs: jobTimeoutMs })
    const jobs = (await qmp.execute('query-jobs')) as { id: string; error?: string }[]
    await qmp.execute('job-dismiss', { id })
    const error = jobs.find((job) => job.id === id)?.error
    if (error !== undefined) throw new HardwareError('CALL_FAILED', `QEMU cannot do ${command} '${tag}': ${error}`)
  }
}

function checkName(name: unknown): void {
  const length = typeof name === 'string' ? Buffer.byteLength(name) : 0
  if (length > 0 && length <= maxNameBytes && !String(name).includes('\0')) return
  throw new HardwareError(
    'ARGUMENT_INVALID',
    `A snapshot's name has 1 to ${maxNameBytes} bytes; this one has ${length}`,
  )
}
