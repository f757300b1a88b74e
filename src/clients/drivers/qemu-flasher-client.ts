import { QemuFlasher } from '../../interfaces/qemu-flasher.ts'
import { driverError } from '../client-node.ts'
import type { DriverClient } from '../driver-client.ts'
import { FlasherClient } from './flasher-client.ts'

/** The characters of the program's output that an error has. */
const shownOutput = 2_000

/** Options of {@link QemuFlasherClient.flashOci}. */
export interface FlashOciOptions {
  /** The disk or firmware to write (default: the disk). */
  readonly partition?: string | undefined
  /** The credentials of the registry. */
  readonly credentials?: { readonly username: string; readonly password: string } | undefined
  /** Gets the output of the program that writes, as it comes. */
  readonly onOutput?: ((text: string) => void) | undefined
}

/** Writes the disk of a board that QEMU simulates. */
export class QemuFlasherClient extends FlasherClient {
  static override readonly interface = QemuFlasher

  /**
   * Writes an image of a container registry, which the exporter fetches itself.
   *
   * @param url such as `oci://registry.example/board:1`
   * @throws HardwareError CALL_FAILED with the end of the output when the image cannot be written, METHOD_NOT_FOUND for the QEMU
   *   driver of this package
   */
  async flashOci(url: string, { partition, credentials, onOutput }: FlashOciOptions = {}): Promise<void> {
    const { username = null, password = null } = credentials ?? {}
    const flasher = this as unknown as DriverClient<typeof QemuFlasher>
    let [output, exitCode]: [string, number | null] = ['', null]
    for await (const [stdout, stderr, code] of flasher.streamingCall(
      'flashOci',
      url,
      partition ?? null,
      username,
      password,
    )) {
      onOutput?.(stdout + stderr)
      output = `${output}${stdout}${stderr}`.slice(-shownOutput)
      exitCode = code
    }
    if (exitCode === 0) return
    const text = `cannot write ${url} (exit code ${exitCode}):\n${output}`
    throw driverError(this.node, 'CALL_FAILED', text, { name: 'flasher' })
  }
}
