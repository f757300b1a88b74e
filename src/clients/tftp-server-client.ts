import { TftpServer } from '../interfaces/tftp-server.ts'
import { DriverClient } from './driver-client.ts'
import type { OpendalClient } from './opendal-client.ts'
import { storageOf } from './storage-child.ts'

/**
 * A TFTP server that boards boot from.
 *
 * @example
 * ```ts
 * await dut.tftp.storage.writeFile('Image', 'build/Image')
 * await dut.tftp.start()
 * await dut.console.sendLine(`setenv serverip ${await dut.tftp.host()}`)
 * ```
 */
export class TftpServerClient extends DriverClient<typeof TftpServer> {
  static readonly interface = TftpServer

  /** The folder that files are served from. */
  get storage(): OpendalClient {
    return storageOf(this as DriverClient, this.options)
  }

  /**
   * Starts it. One that runs goes on.
   *
   * @throws HardwareError DEVICE_IO when it cannot have its port; the message has what helps
   */
  async start(): Promise<void> {
    await this.call('start')
  }

  /** Stops it, and the transfers that are under way. One that does not run is no error. */
  async stop(): Promise<void> {
    await this.call('stop')
  }

  /** The address, or name, that boards reach it by. */
  async host(): Promise<string> {
    return this.call('getHost')
  }

  /** The port that it has; while it does not run, the one that it is configured with. */
  async port(): Promise<number> {
    return this.call('getPort')
  }
}
