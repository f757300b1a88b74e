import type { InterfaceDefinition } from '../../interfaces/define.ts'
import { childOf } from '../child.ts'
import { DriverClient } from '../driver-client.ts'
import { OpendalClient } from './opendal-client.ts'

/** A server near a board that serves files to it. */
export abstract class FileServerClient<I extends InterfaceDefinition> extends DriverClient<I> {
  /**
   * The folder that files are served from.
   *
   * @throws HardwareError DRIVERS_MISMATCH when the exporter has no storage there
   */
  get storage(): OpendalClient {
    return childOf(this, 'storage', OpendalClient, this.options)
  }

  /**
   * Starts the server. A running server goes on.
   *
   * @throws HardwareError DEVICE_IO when the server cannot use its port. The message says what helps
   */
  async start(): Promise<void> {
    await this.plain.call('start')
  }

  /** Stops the server and its transfers. A server that does not run is no error. */
  async stop(): Promise<void> {
    await this.plain.call('stop')
  }

  /** Reads the address, or the name, at which boards reach the server. */
  async host(): Promise<string> {
    return (await this.plain.call('getHost')) as string
  }

  /** Reads the port of the server: the one in use, or the one of its config while it does not run. */
  async port(): Promise<number> {
    return (await this.plain.call('getPort')) as number
  }

  /** This client as a client of any interface: the compiler does not know the methods of `I`, which every file server has. */
  private get plain(): DriverClient {
    return this as DriverClient
  }
}
