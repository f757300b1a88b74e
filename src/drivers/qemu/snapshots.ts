import { rm } from 'node:fs/promises'
import { basename } from 'node:path'

import { HardwareError } from '../../errors.ts'
import type { QemuSnapshot } from '../../interfaces/qemu.ts'
import { blockdev, type DiskFile } from './command-line.ts'
import { createImage } from './image-file.ts'
import type { Qmp, QmpArguments } from './qmp.ts'

/** How long saving, loading or deleting a state may take, in milliseconds: gigabytes of memory on a slow disk. */
const jobTimeoutMs = 120_000
/** QEMU cuts longer names (QEMU, include/block/snapshot.h). */
const maxNameBytes = 255
/** The memory is kept behind what a disk of this size has, in bytes, so that it may be as small as any. */
const diskBytes = 1024 * 1024

/**
 * The states of a board that have been saved. QEMU keeps them inside the images of the disks, and the memory in an image
 * that the board does not see.
 */
export class Snapshots {
  readonly #known = new Map<string, QemuSnapshot>()
  readonly #newFile: () => string
  #file: DiskFile | undefined
  #nextJob = 0

  /** @param newFile gives a path for a file; whoever made its folder removes it */
  constructor(newFile: () => string) {
    this.#newFile = newFile
  }

  /** What QEMU has to open when it starts. */
  get file(): DiskFile | undefined {
    return this.#file
  }

  get list(): QemuSnapshot[] {
    return [...this.#known.values()]
  }

  /** @param disks the nodes of the disks that a state has too */
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
    this.#known.set(name, { name, savedAt: new Date().toISOString() })
  }

  /** Brings a board that stands still to a state. */
  async load(qmp: Qmp, name: string, disks: readonly string[]): Promise<void> {
    this.require(name)
    await this.#run(qmp, 'snapshot-load', name, disks)
  }

  async delete(qmp: Qmp, name: string, disks: readonly string[]): Promise<void> {
    this.require(name)
    await this.#run(qmp, 'snapshot-delete', name, disks)
    this.#known.delete(name)
  }

  /** Drops all states, because the disks that they need are not there any more. */
  async forget(): Promise<void> {
    this.#known.clear()
    const file = this.#file
    this.#file = undefined
    if (file !== undefined) await rm(file.file, { force: true })
  }

  /** @throws HardwareError ARGUMENT_INVALID when there is no such state */
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
