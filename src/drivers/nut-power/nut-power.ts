import { asFiniteNumber } from '../../base/finite-number.ts'
import type { CheckOptions, Requirement } from '../../base/requirement.ts'
import { DeviceConnection } from '../../driver-kit/device-connection.ts'
import { requireAddress } from '../../driver-kit/requirements.ts'
import { HardwareError } from '../../errors.ts'
import type { Implementation } from '../../interfaces/define.ts'
import { Power } from '../../interfaces/power.ts'
import { callSignal } from '../../runtime/call.ts'
import { Driver } from '../../runtime/driver.ts'
import { checkNutPowerConfig, type NutPowerConfig, nutPowerRules } from './config.ts'
import { NutClient } from './nut-client.ts'

/** The port of `upsd` (RFC 9271). */
const defaultPort = 3493

/** The errors of `upsd` about a user (RFC 9271). */
const refusals = /^ERR (?:ACCESS-DENIED|(?:USERNAME|PASSWORD)-REQUIRED|INVALID-(?:USERNAME|PASSWORD))/

/**
 * An outlet of a power distribution unit, or a whole UPS, that Network UPS Tools (NUT) knows. It measures where the device tells
 * volts or amperes.
 *
 * @example
 * ```yaml
 * export:
 *   power:
 *     type: vitest-hardware/drivers#NutPower
 *     config: { host: ups.lab.example, ups: pdu, outlet: 1, username: lab, password: secret }
 * ```
 */
export class NutPower extends Driver implements Implementation<typeof Power> {
  static readonly interface = Power
  static readonly configRules = nutPowerRules
  readonly #config: NutPowerConfig
  readonly #connection: DeviceConnection<NutClient>

  /** Says if `upsd` accepts connections. */
  static async check({ host, port }: NutPowerConfig, options: CheckOptions): Promise<readonly Requirement[]> {
    return [await requireAddress(host, port ?? defaultPort, options)]
  }

  /** @throws TypeError with all mistakes of the config */
  constructor(config: NutPowerConfig) {
    super()
    checkNutPowerConfig(config)
    this.#config = config
    const { host, username, password, timeout } = config
    const port = config.port ?? defaultPort
    const timeoutMs = (timeout ?? 10) * 1000
    this.#connection = new DeviceConnection({
      name: `upsd at ${host}:${port}`,
      open: (ended, signal) => NutClient.open({ host, port, username, password, timeoutMs, ended, signal }),
      close: (client) => client.close(),
      openTimeoutMs: timeoutMs,
      timeoutMs,
      lateOrigin: 'lab',
    })
  }

  on() {
    return this.#switch('on')
  }

  off() {
    return this.#switch('off')
  }

  /** One measurement, in volts and amperes; 0 for the one that the device does not tell. */
  async *read() {
    const place = this.#place === '' ? 'output.' : this.#place
    const voltage = await this.#measure(`${place}voltage`)
    const current = await this.#measure(`${place}current`)
    if (voltage === undefined && current === undefined) {
      throw new HardwareError('NOT_IMPLEMENTED', `The device has neither ${place}voltage nor ${place}current`)
    }
    yield { voltage: voltage ?? 0, current: current ?? 0 }
  }

  override close() {
    return this.#connection.close()
  }

  /** The beginning of the names of the outlet's commands and variables (NUT's developer guide, appendix A). */
  get #place(): string {
    const { outlet } = this.#config
    return outlet === undefined || outlet === null ? '' : `outlet.${outlet}.`
  }

  async #switch(state: 'on' | 'off'): Promise<void> {
    const { ups, variable } = this.#config
    const words = variable ? ['SET', 'VAR', ups, variable, state] : ['INSTCMD', ups, `${this.#place}load.${state}`]
    this.logger.info(words.join(' '))
    const answer = await this.#connection.use((client) => client.command(words), { signal: callSignal() })
    if (answer !== 'OK' && answer !== 'SUCCESS') throw explain(words, answer)
  }

  /** @returns the value of a variable; undefined if the device has none of that name */
  async #measure(variable: string): Promise<number | undefined> {
    const words = ['GET', 'VAR', this.#config.ups, variable]
    const answer = await this.#connection.use((client) => client.ask(words), { signal: callSignal() })
    if (answer.startsWith('ERR VAR-NOT-SUPPORTED')) return undefined
    const [, text] = /^VAR \S+ \S+ "(.*)"$/.exec(answer) ?? []
    if (text === undefined) throw explain(words, answer)
    const value = asFiniteNumber(text)
    if (value !== undefined) return value
    throw new HardwareError('RESULT_INVALID', `The variable ${variable} is no number`, { origin: 'lab' })
  }
}

function explain(words: readonly string[], answer: string): HardwareError {
  const command = words.join(' ')
  if (refusals.test(answer)) {
    const cure = 'check username and password, and the rights of the user in upsd.users'
    return new HardwareError('UNAUTHENTICATED', `upsd refuses ${command}: ${answer}: ${cure}`, { origin: 'lab' })
  }
  const cure = answer.startsWith('ERR CMD-NOT-SUPPORTED')
    ? '; if upsrw lists a variable that switches, give variable'
    : ''
  return new HardwareError('DEVICE_IO', `upsd refuses ${command}: ${answer}${cure}`, { origin: 'lab' })
}
