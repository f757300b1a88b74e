import type { Writable } from 'node:stream'

import { Flasher } from '../interfaces/flasher.ts'
import { DriverClient } from './driver-client.ts'
import { type FileOptions, type FileSource, receiveFile, sendFile } from './files.ts'

/** Which file, and which part of the device. */
export interface FlashOptions extends FileOptions {
  /** Which part of the device, where it has several. */
  readonly target?: string
}

/** Writes images to a device and reads them back. */
export class FlasherClient extends DriverClient<typeof Flasher> {
  static readonly interface = Flasher

  /**
   * Writes an image to the device.
   *
   * @example
   * ```ts
   * await dut.flasher.flash('build/firmware.hex')
   * ```
   */
  async flash(image: FileSource, { target, ...file }: FlashOptions = {}): Promise<void> {
    await sendFile(this as DriverClient, image, file, (handle) => this.call('flash', handle, target))
  }

  /** Reads the device into a file, given by its path, or a stream. */
  async dump(into: string | Writable, { target, ...file }: FlashOptions = {}): Promise<void> {
    await receiveFile(this as DriverClient, into, file, (handle) => this.call('dump', handle, target))
  }
}
