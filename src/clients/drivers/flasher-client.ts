import type { Writable } from 'node:stream'

import type { InterfaceDefinition } from '../../interfaces/define.ts'
import { Flasher } from '../../interfaces/flasher.ts'
import { DriverClient } from '../driver-client.ts'
import { type FileOptions, type FileSource, receiveFile, sendFile } from '../files.ts'

/** Options of {@link FlasherClient.flash} and {@link FlasherClient.dump}. */
export interface FlashOptions extends FileOptions {
  /** The part of the device, if it has several. */
  readonly target?: string | undefined
}

/** Writes images to a device and reads them back. */
export class FlasherClient extends DriverClient<typeof Flasher> {
  static readonly interface: InterfaceDefinition = Flasher

  /**
   * Writes an image to the device.
   *
   * @example
   * ```ts
   * await dut.flasher.flash('build/firmware.hex')
   * ```
   */
  async flash(image: FileSource, { target, ...file }: FlashOptions = {}): Promise<void> {
    await sendFile(this, image, file, (handle) => this.call('flash', handle, target))
  }

  /** Reads the device into a file, given by its path, or a stream. */
  async dump(into: string | Writable, { target, ...file }: FlashOptions = {}): Promise<void> {
    await receiveFile(this, into, file, (handle) => this.call('dump', handle, target))
  }
}
