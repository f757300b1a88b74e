import { checkConfig, rules } from '../../base/check.ts'
import type { Implementation } from '../../interfaces/define.ts'
import { UbootConsole } from '../../interfaces/uboot-console.ts'
import { Driver } from '../../runtime/driver.ts'

/** The config of {@link UbootConsoleDriver}. */
export interface UbootConsoleConfig {
  /** The prompt, with the end of the line before it (default `\n=>`, as in Jumpstarter). */
  readonly prompt?: string | undefined
}

/** The drivers below {@link UbootConsoleDriver}. */
export interface UbootConsoleChildren {
  /** Switches the board. */
  readonly power: Driver
  /** The serial port on which U-Boot prints. */
  readonly serial: Driver
}

/**
 * The command line of U-Boot on a board whose `power` and `serial` are other drivers, named as children. It tells clients the
 * prompt. The clients do the rest: they switch the board, stop autoboot, and run commands.
 *
 * @example
 * ```yaml
 * export:
 *   power: { type: "jumpstarter_driver_http_power.driver.HttpPower", config: { … } }
 *   console: { type: "jumpstarter_driver_pyserial.driver.PySerial", config: { url: /dev/ttyUSB0 } }
 *   uboot:
 *     type: jumpstarter_driver_uboot.driver.UbootConsole
 *     config: { prompt: "\nU-Boot>" }
 *     children: { power: { ref: power }, serial: { ref: console } }
 * ```
 */
export class UbootConsoleDriver extends Driver implements Implementation<typeof UbootConsole> {
  static readonly interface = UbootConsole
  static readonly configRules = { prompt: rules.optional(rules.text) }
  static readonly requiredChildren = ['power', 'serial']
  override readonly children: Readonly<Record<string, Driver>>
  readonly #prompt: string

  /**
   * @param children the drivers below, for a tree that is made in code
   * @throws TypeError with all mistakes of the config
   */
  constructor(config: UbootConsoleConfig = {}, children?: UbootConsoleChildren) {
    super()
    checkConfig(config, UbootConsoleDriver.configRules)
    this.#prompt = config.prompt ?? '\n=>'
    this.children = { ...children }
  }

  getPrompt() {
    return this.#prompt
  }
}
