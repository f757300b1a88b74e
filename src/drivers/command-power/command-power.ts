import type { Requirement } from '../../base/requirement.ts'
import { Mutex } from '../../base/mutex.ts'
import { requireExecutable } from '../../driver-kit/requirements.ts'
import { HardwareError } from '../../errors.ts'
import type { Implementation } from '../../interfaces/define.ts'
import { Power } from '../../interfaces/power.ts'
import { callSignal } from '../../runtime/call.ts'
import { Driver } from '../../runtime/driver.ts'
import { checkCommandPowerConfig, type CommandLine, type CommandPowerConfig, commandPowerRules } from './config.ts'
import { parseReading } from './reading.ts'

/**
 * Power that commands of the exporter file switch and measure, for everything that has a program of its own. A command is a
 * program and its arguments, which no shell reads. One command runs at a time. A command that fails or takes too long is ended
 * with all processes that it has started.
 *
 * @example
 * ```yaml
 * export:
 *   power:
 *     type: vitest-hardware/drivers#CommandPower
 *     config:
 *       power_on: [relayctl, 'on', '3']   # the quotes matter: in YAML 1.1, on is true
 *       power_off: [relayctl, 'off', '3']
 *       power_read: [meter, --channel, '3']   # prints: 5.02 V 0.31 A
 *       read_pattern: '(?<voltage>[\d.]+) V (?<current>[\d.]+) A'
 * ```
 */
export class CommandPower extends Driver implements Implementation<typeof Power> {
  static readonly interface = Power
  static readonly configRules = commandPowerRules
  readonly #config: CommandPowerConfig
  readonly #turns = new Mutex()

  /** Looks for the programs. It runs none of them, because they may switch something. */
  static async check(config: CommandPowerConfig): Promise<readonly Requirement[]> {
    const { power_on: on, power_off: off, power_read: read, cwd } = config
    const programs = new Set([on, off, ...(read ? [read] : [])].map(([program]) => program))
    return Promise.all(Array.from(programs, (program) => requireExecutable(program, { cwd: cwd ?? undefined })))
  }

  /** @throws TypeError with all mistakes of the config */
  constructor(config: CommandPowerConfig) {
    super()
    checkCommandPowerConfig(config)
    this.#config = config
  }

  async on() {
    await this.#run(this.#config.power_on)
  }

  async off() {
    await this.#run(this.#config.power_off)
  }

  /** One measurement. */
  async *read() {
    const { power_read: read, read_pattern: pattern } = this.#config
    if (!read) throw new HardwareError('NOT_IMPLEMENTED', 'The power cannot be measured: its config has no power_read')
    yield parseReading(await this.#run(read), pattern ?? undefined)
  }

  /** @returns the standard output of a command */
  async #run(command: CommandLine): Promise<string> {
    const { cwd, timeout } = this.#config
    const options = { cwd: cwd ?? undefined, timeoutMs: (timeout ?? 30) * 1000 }
    const { stdout } = await this.#turns.run(() => this.runProgram(command, options), { signal: callSignal() })
    return stdout
  }
}
