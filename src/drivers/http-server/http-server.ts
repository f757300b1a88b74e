import type { Implementation } from '../../interfaces/define.ts'
import { HttpServer } from '../../interfaces/http-server.ts'
import { checkConfig, rules } from '../../base/check.ts'
import { hostPort } from '../../base/host-port.ts'
import { type FileServerConfig, fileServerRules } from '../served-folder/config.ts'
import { FileServerDriver, type ListenOptions } from '../served-folder/file-server-driver.ts'
import { FileHttpServer } from './server.ts'

/** The config of {@link HttpServerDriver}. */
export interface HttpServerConfig extends FileServerConfig {
  /** The longest pause of a connection during a transfer, in seconds (default 600). 0 is no limit. */
  readonly timeout?: number | undefined
}

/**
 * An HTTP server that serves a folder from which boards boot. Boards can only read; clients put files into the folder
 * through the child `storage`, which needs the package opendal. The server listens from `start` on. The default port is 8080.
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
  static readonly configRules = { ...fileServerRules, timeout: rules.optional(rules.amount) }

  /** @throws TypeError with all mistakes of the config */
  constructor(config: HttpServerConfig = {}) {
    checkConfig(config, HttpServerDriver.configRules)
    const timeoutMs = Math.min((config.timeout ?? 600) * 1000, 2 ** 31 - 1)
    const listen = (options: ListenOptions) => FileHttpServer.listen({ ...options, timeoutMs })
    super(config, { name: 'HTTP', defaultPort: 8080, listen })
  }

  async getUrl() {
    return `http://${hostPort(await this.getHost(), this.getPort())}`
  }
}
