import { HttpServer } from '../../interfaces/http-server.ts'
import { FileServerClient } from './file-server-client.ts'
import type { FileOptions, FileSource } from '../files.ts'

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
export class HttpServerClient extends FileServerClient<typeof HttpServer> {
  static readonly interface = HttpServer

  /** The beginning of the URLs of the files. The port is right while the server runs. */
  async url(): Promise<URL> {
    return new URL(await this.call('getUrl'))
  }

  /**
   * Puts a file into the storage.
   *
   * @param path the path in the storage
   * @param source a path, bytes, a stream, or an http(s) URL that the exporter downloads
   * @returns the URL for boards
   */
  async putFile(path: string, source: FileSource, options: FileOptions = {}): Promise<URL> {
    await this.storage.writeFile(path, source, options)
    const encoded = path.split('/').map(encodeURIComponent).join('/')
    return new URL(encoded.replace(/^\/*/, '/'), await this.url())
  }
}
