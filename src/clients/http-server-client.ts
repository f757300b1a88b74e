import { HttpServer } from '../interfaces/http-server.ts'
import { DriverClient } from './driver-client.ts'
import type { FileOptions, FileSource } from './files.ts'
import type { OpendalClient } from './opendal-client.ts'
import { storageOf } from './storage-child.ts'

/**
 * An HTTP server that boards boot from.
 *
 * @example
 * ```ts
 * await dut.http.start()
 * const url = await dut.http.putFile('rootfs.img', 'build/rootfs.img')
 * await dut.console.sendLine(`wget ${url}`)
 * ```
 */
export class HttpServerClient extends DriverClient<typeof HttpServer> {
  static readonly interface = HttpServer

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

  /** What the URLs of its files begin with. Its port is right while the server runs. */
  async url(): Promise<URL> {
    return new URL(await this.call('getUrl'))
  }

  /** The address, or name, that boards reach it by. */
  async host(): Promise<string> {
    return this.call('getHost')
  }

  /** The port that it has; while it does not run, the one that it is configured with. */
  async port(): Promise<number> {
    return this.call('getPort')
  }

  /**
   * Puts a file into the storage.
   *
   * @param path where in the storage
   * @param source a path, bytes, a stream, or an http(s) URL that the exporter itself gets
   * @returns where boards find it
   */
  async putFile(path: string, source: FileSource, options: FileOptions = {}): Promise<URL> {
    await this.storage.writeFile(path, source, options)
    const encoded = path.split('/').map(encodeURIComponent).join('/')
    return new URL(encoded.replace(/^\/*/, '/'), await this.url())
  }
}
