import type { Implementation } from '../../interfaces/define.ts'
import { TftpServer as TftpServerInterface } from '../../interfaces/tftp-server.ts'
import { checkConfig } from '../check-config.ts'
import { type FileServerConfig, fileServerRules } from '../served-folder/config.ts'
import { FileServerDriver } from '../served-folder/file-server-driver.ts'
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
export class Tftp extends FileServerDriver implements Implementation<typeof TftpServerInterface> {
  static readonly interface = TftpServerInterface

  /** @throws TypeError with all mistakes of the config */
  constructor(config: TftpConfig = {}) {
    checkConfig(config, fileServerRules)
    super(config, { name: 'TFTP', defaultPort: 69, listen: (options) => TftpServer.listen(options) })
  }
}
