import type { Writable } from 'node:stream'

import { messageOf } from '../../errors.ts'
import type { InterfaceDefinition } from '../../interfaces/define.ts'
import { StorageMux, StorageMuxFlasher } from '../../interfaces/storage-mux.ts'
import { DriverClient } from '../driver-client.ts'
import { type FileOptions, type FileSource, receiveFile, sendFile } from '../files.ts'
import { flashWithProgress, type FlashProgressOptions } from '../flash-progress.ts'

/** Storage that is switched between the exporter's machine and the device. */
export class StorageMuxClient extends DriverClient<typeof StorageMux> {
  static readonly interface: InterfaceDefinition = StorageMux

  /** Connects the storage to the exporter's machine. */
  async host(): Promise<void> {
    await this.call('host')
  }

  /** Connects the storage to the device under test. */
  async dut(): Promise<void> {
    await this.call('dut')
  }

  async off(): Promise<void> {
    await this.call('off')
  }

  /** Writes an image to the storage. The storage must be connected to the exporter's machine. */
  async write(image: FileSource, options: FileOptions = {}): Promise<void> {
    await sendFile(this, image, options, (handle) => this.call('write', handle))
  }

  /** Reads the storage into a file or a stream. The storage must be connected to the exporter's machine. */
  async read(into: string | Writable, options: FileOptions = {}): Promise<void> {
    await receiveFile(this, into, options, (handle) => this.call('read', handle))
  }
}

/** Storage that a test flashes in one step. */
export class StorageMuxFlasherClient extends StorageMuxClient {
  static override readonly interface = StorageMuxFlasher

  /** Connects the storage to the exporter's machine, writes it, and connects it to the device, also when the write fails. */
  flash(image: FileSource, options: FileOptions & FlashProgressOptions = {}): Promise<void> {
    return this.onHost(() => flashWithProgress(this, image, options, { plain: (handle) => this.call('write', handle) }))
  }

  /** Connects the storage to the exporter's machine, reads it, and connects it to the device, also when the read fails. */
  dump(into: string | Writable, options: FileOptions = {}): Promise<void> {
    return this.onHost(() => this.read(into, options))
  }

  private async onHost(use: () => Promise<void>): Promise<void> {
    await this.host()
    try {
      await use()
    } catch (error) {
      await this.dut().catch((second: unknown) => {
        throw new AggregateError([error, second], `${messageOf(error)}; and then: ${messageOf(second)}`, {
          cause: error,
        })
      })
      throw error
    }
    await this.dut()
  }
}
