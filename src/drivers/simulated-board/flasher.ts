import { once } from 'node:events'
import { buffer } from 'node:stream/consumers'

import { HardwareError } from '../../errors.ts'
import type { Implementation } from '../../interfaces/define.ts'
import { Flasher } from '../../interfaces/flasher.ts'
import type { ResourceHandle } from '../../interfaces/resource.ts'
import { Driver } from '../../runtime/driver.ts'
import { erased, type Simulator } from './simulator.ts'

/** The format of a board's images. */
export interface ImageFormat {
  /**
   * Writes an image into the flash.
   *
   * @param flash the content of the flash before
   * @returns the content after that
   * @throws HardwareError IMAGE_INVALID, with the place of the mistake
   */
  write(image: Buffer, flash: Uint8Array): Promise<Uint8Array>
  /** Makes an image of the content of the flash. */
  read(flash: Uint8Array): Promise<string | Uint8Array>
}

/** Writes programs into the flash of a simulated board, and reads them back. A running board restarts. */
export class SimulatedFlasher extends Driver implements Implementation<typeof Flasher> {
  static readonly interface = Flasher
  readonly #simulator: Simulator
  readonly #format: ImageFormat

  constructor(simulator: Simulator, format: ImageFormat) {
    super()
    this.#simulator = simulator
    this.#format = format
  }

  async flash(image: ResourceHandle, target?: string | null) {
    onlyFlash(target)
    await this.write(await buffer(await this.resource(image)))
  }

  async dump(image: ResourceHandle, target?: string | null) {
    onlyFlash(target)
    const stream = await this.resource(image)
    stream.end(await this.#format.read(this.#simulator.flash))
    await once(stream, 'finish')
  }

  /** Writes an image. @throws HardwareError IMAGE_INVALID, with the place of the mistake */
  async write(image: Buffer): Promise<void> {
    const flash = await this.#format.write(image, this.#simulator.flash)
    await this.#simulator.program(flash)
    this.logger.info(`flashed ${flash.findLastIndex((byte) => byte !== erased) + 1} bytes`)
  }
}

function onlyFlash(target: string | null | undefined): void {
  if (target === undefined || target === null || target === 'flash') return
  throw new HardwareError('ARGUMENT_INVALID', `This board has no target '${target}'; it has 'flash'`)
}
