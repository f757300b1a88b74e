import type { Implementation } from '../../interfaces/define.ts'
import { TftpServer as TftpServerInterface } from '../../interfaces/tftp-server.ts'
import { Driver } from '../../runtime/driver.ts'
import { checkConfig } from '../check-config.ts'
import type { OpendalDriver } from '../opendal/opendal-driver.ts'
import { type FileServerConfig, fileServerRules } from '../served-folder/config.ts'
import { RunningServer } from '../served-folder/running-server.ts'
import { ServedFolder } from '../served-folder/served-folder.ts'
import { TftpServer } from './server.ts'

/** What {@link Tftp} is configured with. */
export type TftpConfig = FileServerConfig

/**
 * A TFTP server that boards boot from. It gives the files of a folder away and takes none; clients put them there through
 * its child `storage`, which needs the package opendal. It listens from `start` on.
 *
 * It speaks RFC 1350 with the options `blksize`, `timeout`, `tsize` and `windowsize`, in the modes octet and netascii.
 * Files may have any size: block numbers begin again at 0.
 *
 * The default port is 69, where boards ask; on most systems only root may use it.
 *
 * @example
 * ```yaml
 * export:
 *   tftp:
 *     type: jumpstarter_driver_tftp.driver.Tftp
 *     config: { root_dir: /srv/tftp, host: 10.0.0.1 }
 * ```
 */
export class Tftp extends Driver implements Implementation<typeof TftpServerInterface> {
  static readonly interface = TftpServerInterface
  override readonly children: { readonly storage: OpendalDriver }
  readonly #folder: ServedFolder
  readonly #server: RunningServer

  /** @throws TypeError with all mistakes of the config */
  constructor(config: TftpConfig = {}) {
    super()
    checkConfig(config, fileServerRules)
    const folder = new ServedFolder(config)
    this.#folder = folder
    this.children = { storage: folder.storage }
    this.#server = new RunningServer({
      name: 'TFTP',
      host: config.host ?? '',
      port: config.port ?? 69,
      logger: this.logger,
      listen: (where) => TftpServer.listen({ ...where, folder, logger: this.logger }),
    })
  }

  /** @throws HardwareError as the storage does; a lab learns of a mistake when the session starts */
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
