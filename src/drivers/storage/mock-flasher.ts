import { HardwareError } from '../../errors.ts'
import type { Implementation } from '../../interfaces/define.ts'
import { Flasher } from '../../interfaces/flasher.ts'
import type { ResourceHandle } from '../../interfaces/resource.ts'
import { Driver } from '../../runtime/driver.ts'
import { checkConfig } from '../../base/check.ts'
import { ImageFolder, sendImage } from './image-folder.ts'

/** The partition of a call that names none, as in Jumpstarter's driver. */
const defaultPartition = 'default'

/** A flasher without a device, which keeps the image of each partition in a file. The files are removed when the session ends. */
export class MockFlasher extends Driver implements Implementation<typeof Flasher> {
  static readonly interface = Flasher
  static readonly configRules = {}
  readonly #images = new ImageFolder()

  /** @throws TypeError for a config with keys: the driver has none */
  constructor(config: Readonly<Record<string, never>> = {}) {
    super()
    checkConfig(config, MockFlasher.configRules)
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
    await sendImage(content, () => this.resource(image))
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
