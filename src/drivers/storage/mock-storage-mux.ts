import { Readable } from 'node:stream'

import type { Implementation, InterfaceDefinition } from '../../interfaces/define.ts'
import type { ResourceHandle } from '../../interfaces/resource.ts'
import { StorageMux, StorageMuxFlasher } from '../../interfaces/storage-mux.ts'
import { Driver } from '../../runtime/driver.ts'
import { checkConfig } from '../../base/check.ts'
import { ImageFolder, sendImage } from './image-folder.ts'

/**
 * A storage multiplexer without a device, which keeps the image in a file. The storage is empty when a session starts. As in
 * Jumpstarter's driver, it can be used on both sides of the switch.
 */
export class MockStorageMux extends Driver implements Implementation<typeof StorageMux> {
  static readonly interface: InterfaceDefinition = StorageMux
  static readonly configRules = {}
  readonly #images = new ImageFolder()

  /** @throws TypeError for a config with keys: the driver has none */
  constructor(config: Readonly<Record<string, never>> = {}) {
    super()
    checkConfig(config, MockStorageMux.configRules)
  }

  host() {
    this.logger.info('storage to host')
  }

  dut() {
    this.logger.info('storage to dut')
  }

  off() {
    this.logger.info('storage off')
  }

  async write(image: ResourceHandle) {
    await this.#images.write('storage', await this.resource(image))
  }

  async read(image: ResourceHandle) {
    await sendImage(this.#images.read('storage') ?? Readable.from([]), () => this.resource(image))
  }

  override close() {
    return this.#images.remove()
  }
}

/** A storage multiplexer without a device, for clients that flash it in one step. */
export class MockStorageMuxFlasher extends MockStorageMux {
  static override readonly interface = StorageMuxFlasher
}
