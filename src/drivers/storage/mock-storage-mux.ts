import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

import type { Implementation, InterfaceDefinition } from '../../interfaces/define.ts'
import type { ResourceHandle } from '../../interfaces/resource.ts'
import { StorageMux, StorageMuxFlasher } from '../../interfaces/storage-mux.ts'
import { callSignal } from '../../runtime/call.ts'
import { Driver } from '../../runtime/driver.ts'
import { checkConfig } from '../check-config.ts'
import { ImageFolder } from './image-folder.ts'

/**
 * A storage multiplexer without a device. It keeps what is written until the session ends, and is empty before. As with
 * upstream's, the storage can be used whichever side it is switched to.
 */
export class MockStorageMux extends Driver implements Implementation<typeof StorageMux> {
  static readonly interface: InterfaceDefinition = StorageMux
  readonly #images = new ImageFolder()

  /** @throws TypeError for a configuration: there is nothing to configure */
  constructor(config: Readonly<Record<string, never>> = {}) {
    super()
    checkConfig(config, {})
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
    const content = this.#images.read('storage') ?? Readable.from([])
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

/** The same, for clients that write it in one step. */
export class MockStorageMuxFlasher extends MockStorageMux {
  static override readonly interface = StorageMuxFlasher
}
