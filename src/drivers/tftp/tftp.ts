import type { Implementation } from '../../interfaces/define.ts'
import { TftpServer as TftpServerInterface } from '../../interfaces/tftp-server.ts'
import { checkConfig } from '../../base/check.ts'
import { type FileServerConfig, fileServerRules } from '../served-folder/config.ts'
import { FileServerDriver } from '../served-folder/file-server-driver.ts'
import { TftpServer } from './server.ts'

/** The config of {@link Tftp}. */
export type TftpConfig = FileServerConfig

/**
 * A TFTP server that serves a folder from which boards boot. Boards can only read; clients put files into the folder
 * through the child `storage`, which needs the package opendal. The server listens from `start` on.
 *
 * The server speaks RFC 1350 with the options `blksize`, `timeout`, `tsize` and `windowsize`, in the modes octet and netascii.
 * Files may have any size: block numbers begin again at 0.
 *
 * The default port is 69, to which boards send their requests. On most systems only root may use it.
 *
 * @example
 * ```yaml
 * export:
 *   tftp:
 *     type: jumpstarter_driver_tftp.driver.Tftp
 *     config: { root_dir: /srv/tftp, host: 10.0.0.1 }
 * ```
 */
export class Tftp extends FileServerDriver implements Implementation<typeof TftpServerInterface> {
  static readonly interface = TftpServerInterface
  static readonly configRules = fileServerRules

  /** @throws TypeError with all mistakes of the config */
  constructor(config: TftpConfig = {}) {
    checkConfig(config, Tftp.configRules)
    super(config, { name: 'TFTP', defaultPort: 69, listen: (options) => TftpServer.listen(options) })
  }
}
