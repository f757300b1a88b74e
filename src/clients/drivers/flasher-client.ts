import type { Writable } from 'node:stream'

import { HardwareError } from '../../errors.ts'
import type { InterfaceDefinition } from '../../interfaces/define.ts'
import { Flasher, type FlashStep, type ProgressFlasher } from '../../interfaces/flasher.ts'
import type { ResourceHandle } from '../../interfaces/resource.ts'
import { DriverClient } from '../driver-client.ts'
import { type FileOptions, type FileSource, receiveFile, sendFile } from '../files.ts'
import { flashWithProgress, type FlashProgressOptions } from '../flash-progress.ts'

/** Options of {@link FlasherClient.dump}, and of {@link FlasherClient.flash}. */
export interface DumpOptions extends FileOptions {
  /** The part of the device, if it has several. */
  readonly target?: string | undefined
}

/** Options of {@link FlasherClient.flash}. */
export interface FlashOptions extends DumpOptions, FlashProgressOptions {
  /**
   * True to write only if the device has another content (default false). A driver that cannot compare writes. The last phase that
   * `onProgress` gets is `unchanged` if nothing was written.
   */
  readonly ifDifferent?: boolean | undefined
}

/** Writes images to a device and reads them back. */
export class FlasherClient extends DriverClient<typeof Flasher> {
  static readonly interface: InterfaceDefinition = Flasher

  /**
   * Writes an image to the device.
   *
   * @throws HardwareError IMAGE_INVALID for a wrong image
   * @example
   * ```ts
   * await dut.flasher.flash('build/firmware.hex')
   * await dut.flasher.flash('build/firmware.hex', {
   *   ifDifferent: true,
   *   onProgress: ({ phase, bytes, total }) => console.log(phase, bytes, total),
   * })
   * ```
   */
  async flash(image: FileSource, { target, ifDifferent, ...options }: FlashOptions = {}): Promise<void> {
    const plain = (handle: ResourceHandle) => this.call('flash', handle, target)
    if (options.onProgress === undefined && ifDifferent !== true) {
      await sendFile(this, image, options, plain)
      return
    }
    const withSteps = (handle: ResourceHandle, tell: (step: FlashStep) => void) =>
      this.flashWithSteps([handle, target ?? null, ifDifferent ?? false], tell)
    await flashWithProgress(this, image, options, { withSteps, plain })
  }

  /** Reads the device into a file, given by its path, or a stream. */
  async dump(into: string | Writable, { target, ...file }: DumpOptions = {}): Promise<void> {
    await receiveFile(this, into, file, (handle) => this.call('dump', handle, target))
  }

  /** @returns false if the driver cannot tell its progress, and has done nothing */
  private async flashWithSteps(
    args: [source: ResourceHandle, partition: string | null, ifDifferent: boolean],
    tell: (step: FlashStep) => void,
  ): Promise<boolean> {
    // A call with many answers has no limit of its own.
    const flasher = this.with(this.limits()) as unknown as DriverClient<typeof ProgressFlasher>
    let hasBegun = false
    try {
      for await (const step of flasher.streamingCall('flashWithProgress', ...args)) {
        hasBegun = true
        tell(step)
      }
      return true
    } catch (error) {
      if (!hasBegun && error instanceof HardwareError && error.code === 'METHOD_NOT_FOUND') return false
      throw error
    }
  }
}
