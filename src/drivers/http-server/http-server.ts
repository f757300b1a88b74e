import type { Implementation } from '../../interfaces/define.ts'
import { HttpServer } from '../../interfaces/http-server.ts'
import { Driver } from '../../runtime/driver.ts'
import { checkConfig, rules } from '../check-config.ts'
import type { OpendalDriver } from '../opendal/opendal-driver.ts'
import { urlHost } from '../served-folder/addresses.ts'
import { type FileServerConfig, fileServerRules } from '../served-folder/config.ts'
import { RunningServer } from '../served-folder/running-server.ts'
import { ServedFolder } from '../served-folder/served-folder.ts'
import { FileHttpServer } from './server.ts'

/** What {@link HttpServerDriver} is configured with. */
export interface HttpServerConfig extends FileServerConfig {
  /** How long a connection may be silent in the middle of a file, in seconds (default 600); 0 is for ever. */
  readonly timeout?: number
}

/**
 * An HTTP server that boards boot from. It gives the files of a folder away and takes none; clients put them there
 * through its child `storage`, which needs the package opendal. It listens from `start` on; the default port is 8080.
 *
 * @example
 * ```yaml
 * export:
 *   http:
 *     type: jumpstarter_driver_http.driver.HttpServer
 *     config: { root_dir: /srv/images, host: 10.0.0.1 }
 * ```
 */
export class HttpServerDriver extends Driver implements Implementation<typeof HttpServer> {
  static readonly interface = HttpServer
  override readonly children: { readonly storage: OpendalDriver }
  readonly #folder: ServedFolder
  readonly #server: RunningServer

  /** @throws TypeError with all mistakes of the config */
  constructor(config: HttpServerConfig = {}) {
    super()
    checkConfig(config, { ...fileServerRules, timeout: rules.optional(rules.amount) })
    const folder = new ServedFolder(config)
    const timeoutMs = Math.min((config.timeout ?? 600) * 1000, 2 ** 31 - 1)
    this.#folder = folder
    this.children = { storage: folder.storage }
    this.#server = new RunningServer({
      name: 'HTTP',
      host: config.host ?? '',
      port: config.port ?? 8080,
      logger: this.logger,
      listen: ({ address, port }) => FileHttpServer.listen({ address, port, folder, timeoutMs, logger: this.logger }),
    })
  }

  override reset() {
    return this.#folder.prepare()
  }

  /** @throws HardwareError DEVICE_IO when the port cannot be had */
  start() {
    return this.#server.start()
  }

  stop() {
    return this.#server.stop()
  }

  async getUrl() {
    return `http://${urlHost(await this.#server.host())}:${this.#server.port}`
  }

  getHost() {
    return this.#server.host()
  }

  getPort() {
    return this.#server.port
  }

  override async close() {
    await this.#server.stop()
    await this.#folder.remove()
  }
}
