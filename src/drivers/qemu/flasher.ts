import { createReadStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'

import { HardwareError } from '../../errors.ts'
import type { Implementation } from '../../interfaces/define.ts'
import { Flasher } from '../../interfaces/flasher.ts'
import type { ResourceHandle } from '../../interfaces/resource.ts'
import { callSignal } from '../../runtime/call.ts'
import { Driver } from '../../runtime/driver.ts'
import type { QemuBoard } from './board.ts'
import { partitionOf } from './disks.ts'
import { writeImage } from './write-image.ts'

/**
 * Writes images that the board has from its next power-on: `root`, its disk (raw or qcow2), and `bios`, `OVMF_CODE.fd` and
 * `OVMF_VARS.fd`, its firmware. Compressed images are recognized and decompressed.
 */
export class QemuFlasher extends Driver implements Implementation<typeof Flasher> {
  static readonly interface = Flasher
  readonly #board: QemuBoard

  constructor(board: QemuBoard) {
    super()
    this.#board = board
  }

  /** @throws HardwareError ARGUMENT_INVALID for an unknown target, IMAGE_INVALID for an image of several files */
  async flash(image: ResourceHandle, target?: string | null) {
    const partition = partitionOf(target)
    const { disks, machine, snapshots } = this.#board
    const file = disks.newFile()
    const signal = callSignal()
    try {
      await writeImage(await this.resource(image), file, signal)
      await machine.inTurn(async () => {
        signal.throwIfAborted()
        await disks.put(partition, file)
        if (partition === 'root') await snapshots.forget()
      })
    } catch (error) {
      await rm(file, { force: true })
      throw error
    }
    this.logger.info(`flashed '${partition}'`)
  }

  /**
   * Reads a target with the changes that the board has made.
   *
   * @throws HardwareError NOT_READY while the board is on, ARGUMENT_INVALID when the target has no content
   */
  async dump(image: ResourceHandle, target?: string | null) {
    const partition = partitionOf(target)
    const { disks, machine } = this.#board
    const file = disks.newFile()
    try {
      await machine.inTurn(async () => {
        if (machine.running !== undefined) {
          const message = 'The board is on, and its disk is in use; switch it off first'
          throw new HardwareError('NOT_READY', message, { origin: 'test' })
        }
        await disks.dump(partition, file)
      })
      await pipeline(createReadStream(file), await this.resource(image), { signal: callSignal() })
    } finally {
      await rm(file, { force: true })
    }
  }
}
