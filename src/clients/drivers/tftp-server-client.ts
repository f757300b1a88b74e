import { TftpServer } from '../../interfaces/tftp-server.ts'
import { FileServerClient } from './file-server-client.ts'

/**
 * A TFTP server that boards boot from.
 *
 * @example
 * ```ts
 * await dut.tftp.storage.writeFile('Image', 'build/Image')
 * await dut.tftp.start()
 * await dut.console.sendLine(`setenv serverip ${await dut.tftp.host()}`)
 * ```
 */
export class TftpServerClient extends FileServerClient<typeof TftpServer> {
  static readonly interface = TftpServer
}
