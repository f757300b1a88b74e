import type { Implementation } from '../../interfaces/define.ts'
import { HttpServer } from '../../interfaces/http-server.ts'
import { checkConfig, rules } from '../check-config.ts'
import { urlHost } from '../served-folder/addresses.ts'
import { type FileServerConfig, fileServerRules } from '../served-folder/config.ts'
import { FileServerDriver, type ListenOptions } from '../served-folder/file-server-driver.ts'
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
export class HttpServerDriver extends FileServerDriver implements Implementation<typeof HttpServer> {
  static readonly interface = HttpServer

  /** @throws TypeError with all mistakes of the config */
  constructor(config: HttpServerConfig = {}) {
    checkConfig(config, { ...fileServerRules, timeout: rules.optional(rules.amount) })
    const timeoutMs = Math.min((config.timeout ?? 600) * 1000, 2 ** 31 - 1)
    const listen = (options: ListenOptions) => FileHttpServer.listen({ ...options, timeoutMs })
    super(config, { name: 'HTTP', defaultPort: 8080, listen })
  }

  async getUrl() {
    return `http://${urlHost(await this.getHost())}:${this.getPort()}`
  }
}
