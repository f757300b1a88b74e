import { pipeline } from 'node:stream/promises'

import { HardwareError } from '../../errors.ts'
import type { Implementation } from '../../interfaces/define.ts'
import { Flasher } from '../../interfaces/flasher.ts'
import type { ResourceHandle } from '../../interfaces/resource.ts'
import { callSignal } from '../../runtime/call.ts'
import { Driver } from '../../runtime/driver.ts'
import { checkConfig } from '../check-config.ts'
import { ImageFolder } from './image-folder.ts'

/** The partition that is meant where none is named, as upstream calls it. */
const defaultPartition = 'default'

/** A flasher without a device: it keeps what is flashed, for each partition, until the session ends. */
export class MockFlasher extends Driver implements Implementation<typeof Flasher> {
  static readonly interface = Flasher
  readonly #images = new ImageFolder()

  /** @throws TypeError for a configuration: there is nothing to configure */
  constructor(config: Readonly<Record<string, never>> = {}) {
    super()
    checkConfig(config, {})
  }

  async flash(image: ResourceHandle, partition?: string | null) {
    const name = checkPartition(partition)
    await this.#images.write(name, await this.resource(image))
    this.logger.info(`flashed partition '${name}'`)
  }

  async dump(image: ResourceHandle, partition?: string | null) {
    const name = checkPartition(partition)
    const content = this.#images.read(name)
    if (content === undefined) {
      const flashed = this.#images.names.map((known) => `'${known}'`).join(', ') || 'none'
      throw new HardwareError('ARGUMENT_INVALID', `Partition '${name}' has not been flashed; flashed are: ${flashed}`)
    }
    try {
      await pipeline(content, await this.resource(image), { signal: callSignal() })
    } finally {
      content.destroy()
    }
  }

  override close() {
    return this.#images.remove()
  }
}

function checkPartition(partition: string | null | undefined): string {
  if (partition === undefined || partition === null) return defaultPartition
  if (typeof partition === 'string') return partition
  throw new RangeError(`partition is ${JSON.stringify(partition)}; it has to be a string`)
}
