import { access, constants } from 'node:fs/promises'

import { Mutex } from '../../base/mutex.ts'
import { pollUntil } from '../../base/poll.ts'
import type { CheckOptions, Requirement } from '../../base/requirement.ts'
import { requireProgram } from '../../driver-kit/requirements.ts'
import { HardwareError } from '../../errors.ts'
import type { Implementation } from '../../interfaces/define.ts'
import { Power } from '../../interfaces/power.ts'
import { callSignal } from '../../runtime/call.ts'
import { Driver } from '../../runtime/driver.ts'
import { checkIpmiPowerConfig, type IpmiPowerConfig, ipmiPowerRules } from './config.ts'
import { sensorValue } from './sensors.ts'

const install = 'apt install ipmitool'
/** The pauses between two looks at the power state, in milliseconds. Controllers are slow, and a look is a session of its own. */
const lookPauses = { firstMs: 200, maxMs: 2_000 }
/**
 * The messages of ipmitool 1.8.19 for a controller that it cannot reach, that does not let it in, or that does not answer any more.
 * A refusal has the reason behind a colon instead: `Set Chassis Power Control to Up/On failed: …`.
 */
const notReached =
  /^(?:Error: )?(?:Unable to (?:establish|read password|[gs]et Chassis Power)|Address lookup for|Could not open socket|Close Session command failed$)/m

/**
 * The power of a computer with a management controller (IPMI 2.0), switched by the program ipmitool. `on` and `off` return when
 * the controller reports the new state. `off` is hard, as the button that is held.
 *
 * @example
 * ```yaml
 * export:
 *   power:
 *     type: vitest-hardware/drivers#IpmiPower
 *     config: { host: bmc-7.lab, username: admin, password_file: /etc/lab/bmc-7, voltage_sensor: P1 VIN, current_sensor: P1 IIN }
 * ```
 */
export class IpmiPower extends Driver implements Implementation<typeof Power> {
  static readonly interface = Power
  static readonly configRules = ipmiPowerRules
  readonly #config: IpmiPowerConfig
  readonly #timeoutMs: number
  /** Controllers have few sessions, some only one. */
  readonly #turns = new Mutex()

  static async check({ password_file: file }: IpmiPowerConfig, options: CheckOptions): Promise<readonly Requirement[]> {
    const program = await requireProgram('ipmitool', { install, version: ['-V'], signal: options.signal })
    if (!file) return [program]
    const isMet = await access(file, constants.R_OK).then(
      () => true,
      () => false,
    )
    return [
      program,
      { name: file, isMet, ...(isMet ? {} : { cure: 'write the password into it, and let this user read it' }) },
    ]
  }

  /** @throws TypeError with all mistakes of the config */
  constructor(config: IpmiPowerConfig) {
    super()
    checkIpmiPowerConfig(config)
    this.#config = config
    this.#timeoutMs = (config.timeout ?? 30) * 1000
  }

  async on() {
    await this.#turns.run(() => this.#switch('on'), { signal: callSignal() })
  }

  async off() {
    await this.#turns.run(() => this.#switch('off'), { signal: callSignal() })
  }

  /** One measurement. */
  async *read() {
    const { voltage_sensor: voltage, current_sensor: current } = this.#config
    if (!voltage || !current) {
      const message = 'The power cannot be measured: its config has no voltage_sensor and no current_sensor'
      throw new HardwareError('NOT_IMPLEMENTED', message)
    }
    const sensors = ['-c', 'sdr', 'get', voltage, current] as const
    const output = await this.#turns.run(() => this.#ipmitool(...sensors), { signal: callSignal() })
    yield { voltage: sensorValue(output, voltage, 'Volts'), current: sensorValue(output, current, 'Amps') }
  }

  async #switch(wanted: 'on' | 'off'): Promise<void> {
    try {
      await this.#ipmitool('chassis', 'power', wanted)
    } catch (error) {
      // Many controllers refuse a command that changes nothing.
      const isRefused = error instanceof HardwareError && error.code === 'DEVICE_IO' && error.origin === 'board'
      if (isRefused && (await this.#state()) === wanted) return
      throw error
    }
    const look = async () => ((await this.#state()) === wanted ? wanted : undefined)
    const what = `the wait for power ${wanted}`
    const isReached = await pollUntil(look, { ...lookPauses, timeoutMs: this.#timeoutMs, signal: callSignal(), what })
    if (isReached !== undefined) return
    const message = `${this.#name} has accepted power ${wanted}, and does not report it after ${this.#timeoutMs} ms`
    throw new HardwareError('DEVICE_IO', message)
  }

  async #state(): Promise<'on' | 'off'> {
    const output = await this.#ipmitool('chassis', 'power', 'status')
    const state = /^Chassis Power is (?<state>on|off)\b/m.exec(output)?.groups?.['state']
    if (state === 'on' || state === 'off') return state
    throw new HardwareError('RESULT_INVALID', `ipmitool reports no power state of ${this.#name}: ${output.trim()}`)
  }

  /** @returns the standard output */
  async #ipmitool(...command: readonly string[]): Promise<string> {
    const { host, port, username, password, password_file: file, cipher_suite: suite, retries } = this.#config
    const args = [
      ...['-I', 'lanplus', '-H', host, '-p', String(port ?? 623), '-U', username],
      ...(file ? ['-f', file] : ['-E']),
      ...(typeof suite === 'number' ? ['-C', String(suite)] : []),
      ...(typeof retries === 'number' ? ['-R', String(retries)] : []),
    ]
    const env = { ...this.childEnvironment(), ...(password ? { IPMI_PASSWORD: password } : {}) }
    const options = { env, secrets: [password ?? ''], install, timeoutMs: this.#timeoutMs }
    try {
      return (await this.runProgram(['ipmitool', ...args, ...command], options)).stdout
    } catch (error) {
      if (!(error instanceof HardwareError) || error.code !== 'DEVICE_IO') throw error
      throw this.#explain(error)
    }
  }

  #explain(error: HardwareError): HardwareError {
    const { output: lines = [] } = error.details
    if (!notReached.test(lines.join('\n'))) {
      return new HardwareError('DEVICE_IO', `${this.#name} refuses: ${lines.join('; ')}`, { cause: error })
    }
    const cure =
      'check the address, the user, the password, and that IPMI over LAN is on; some controllers need cipher_suite'
    const message = `Cannot reach ${this.#name}: ${lines.join('; ')} (${cure})`
    return new HardwareError('DEVICE_IO', message, { cause: error, origin: 'lab' })
  }

  get #name(): string {
    return `the management controller at ${this.#config.host}:${this.#config.port ?? 623}`
  }
}
