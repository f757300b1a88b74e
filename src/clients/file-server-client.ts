import type { InterfaceDefinition } from '../interfaces/define.ts'
import { HardwareError } from '../errors.ts'
import { DriverClient } from './driver-client.ts'
import { OpendalClient } from './opendal-client.ts'

/** A server, next to a board, that gives it files. */
export abstract class FileServerClient<I extends InterfaceDefinition> extends DriverClient<I> {
  /**
   * The folder that files are served from.
   *
   * @throws HardwareError DRIVERS_MISMATCH when the exporter has none there
   */
  get storage(): OpendalClient {
    const { path } = this.node
    const storage = this.children['storage']
    if (storage instanceof OpendalClient) return storage.with(this.options)
    const where = path === '' ? 'storage' : `${path}.storage`
    const what = storage === undefined ? 'nor anything else' : `but ${storage.clientPath}`
    throw new HardwareError('DRIVERS_MISMATCH', `The exporter has no storage at ${where}, ${what}`)
  }

  /**
   * Starts it. One that runs goes on.
   *
   * @throws HardwareError DEVICE_IO when it cannot have its port; the message has what helps
   */
  async start(): Promise<void> {
    await this.plain.call('start')
  }

  /** Stops it, and the transfers that are under way. One that does not run is no error. */
  async stop(): Promise<void> {
    await this.plain.call('stop')
  }

  /** The address, or name, that boards reach it by. */
  async host(): Promise<string> {
    return (await this.plain.call('getHost')) as string
  }

  /** The port that it has; while it does not run, the one that it is configured with. */
  async port(): Promise<number> {
    return (await this.plain.call('getPort')) as number
  }

  /** What all these servers have, whatever else theirs is. */
  private get plain(): DriverClient {
    return this as DriverClient
  }
}
