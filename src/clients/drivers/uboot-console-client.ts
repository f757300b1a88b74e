import { UbootConsole } from '../../interfaces/uboot-console.ts'
import { childOf } from '../child.ts'
import { DriverClient } from '../driver-client.ts'
import type { UbootShell, UbootShellOptions } from '../shells/uboot-shell.ts'
import { PowerClient } from './power-client.ts'
import { SerialClient } from './serial-client.ts'

/**
 * The command line of U-Boot.
 *
 * @example
 * ```ts
 * const uboot = await dut.uboot.reboot()
 * await uboot.setEnv('bootdelay', '0')
 * ```
 */
export class UbootConsoleClient extends DriverClient<typeof UbootConsole> {
  static readonly interface = UbootConsole

  /** @throws HardwareError DRIVERS_MISMATCH when the exporter has no power there */
  get power(): PowerClient {
    return childOf(this, 'power', PowerClient, this.options)
  }

  /** @throws HardwareError DRIVERS_MISMATCH when the exporter has no serial port there */
  get serial(): SerialClient {
    return childOf(this, 'serial', SerialClient, this.options)
  }

  /** Reads the prompt, without the end of the line before it: `=>`. */
  async prompt(): Promise<string> {
    return (await this.call('getPrompt')).replace(/^[\r\n]+/, '')
  }

  /**
   * Waits until U-Boot answers, and stops autoboot where it runs.
   *
   * @param options the options of the shell (default prompt: the driver's)
   * @throws HardwareError CONSOLE_TIMEOUT if U-Boot does not answer in time
   */
  async shell(options: UbootShellOptions = {}): Promise<UbootShell> {
    return this.serial.shell('uboot', { ...options, prompt: options.prompt ?? (await this.prompt()) })
  }

  /**
   * Switches the board off and on, and waits for U-Boot; see {@link UbootConsoleClient.shell}.
   *
   * @param options.offMs the time without power, in milliseconds (default 2000)
   */
  async reboot({ offMs, ...options }: UbootShellOptions & { readonly offMs?: number } = {}): Promise<UbootShell> {
    const prompt = options.prompt ?? (await this.prompt())
    // A simulated board may have no serial port yet; then the shell opens it.
    await this.serial.attach().catch(() => undefined)
    await this.power.cycle(offMs === undefined ? {} : { offMs })
    return this.shell({ ...options, prompt })
  }
}
