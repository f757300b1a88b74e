import { checkConfig, ruleFor, rules } from '../../base/check.ts'
import type { CheckOptions } from '../../base/requirement.ts'
import { HardwareError } from '../../errors.ts'
import type { Implementation } from '../../interfaces/define.ts'
import { ScpiPowerSupply as contract } from '../../interfaces/scpi-power-supply.ts'
import { callSignal } from '../../runtime/call.ts'
import { Driver } from '../../runtime/driver.ts'
import { type ScpiConfig, scpiRules } from './config.ts'
import { requireInstrument } from './scpi-check.ts'
import { parseMeasurement } from './measurement.ts'
import { ScpiConnection } from './scpi-connection.ts'
import type { TestsPart } from './scpi-error.ts'

/** The config of {@link ScpiPowerSupply}. */
export interface ScpiPowerSupplyConfig extends ScpiConfig {
  /** The number of the channel, from 1 (default: the supply has one channel). */
  readonly channel?: number | undefined
  /** The voltage while it is on, in volts (default: what is set at the supply). */
  readonly voltage?: number | undefined
  /** The limit of the current, in amperes (default: what is set at the supply). */
  readonly current?: number | undefined
  /** The voltage from which the supply switches itself off, in volts (default: what is set at the supply). */
  readonly overvoltage?: number | undefined
}

/** The commands of the set points, in the order in which they are sent: the protection comes before what it protects from. */
const setPoints = { overvoltage: 'VOLT:PROT', current: 'CURR', voltage: 'VOLT' } as const
type SetPoint = keyof typeof setPoints

/**
 * A laboratory power supply that is controlled by SCPI commands (SCPI-99, volume 4, chapter 7), or one channel of it. `on` sends
 * the set points of the config, or those that the test has set, before it switches: a voltage that somebody else has left in the
 * supply does not reach the board. Drivers of several channels can share a network connection, and not a serial line.
 *
 * @example
 * ```yaml
 * export:
 *   power:
 *     type: vitest-hardware/drivers#ScpiPowerSupply
 *     config: { url: "socket://10.0.0.8:5025", channel: 2, voltage: 5, current: 1.5, overvoltage: 5.5 }
 * ```
 */
export class ScpiPowerSupply extends Driver implements Implementation<typeof contract> {
  static readonly interface = contract
  static readonly configRules = {
    ...scpiRules,
    channel: rules.optional(rules.count),
    voltage: rules.optional(rules.amount),
    current: rules.optional(rules.amount),
    overvoltage: rules.optional(
      ruleFor('a number of volts above 0', (value) => typeof value === 'number' && value > 0 && value < Infinity),
    ),
  }
  readonly #config: ScpiPowerSupplyConfig
  readonly #connection: ScpiConnection
  readonly #set = new Map<SetPoint, number>()

  static check(config: ScpiPowerSupplyConfig, options: CheckOptions) {
    return requireInstrument(config, options)
  }

  /** @throws TypeError with all mistakes of the config */
  constructor(config: ScpiPowerSupplyConfig) {
    super()
    checkConfig(config, ScpiPowerSupply.configRules)
    this.#config = config
    this.#connection = new ScpiConnection(config)
  }

  /** Forgets what an earlier session has set. */
  override reset() {
    this.#set.clear()
  }

  async on() {
    const points = (Object.keys(setPoints) as SetPoint[]).flatMap((point) => {
      const value = this.#set.get(point) ?? this.#config[point]
      return typeof value === 'number' ? [setCommand(point, value)] : []
    })
    await this.#run([...points, 'OUTP ON'])
  }

  async off() {
    await this.#run(['OUTP OFF'])
  }

  /** One measurement. */
  async *read() {
    const [voltage, current] = await this.#ask('MEAS:VOLT?', 'MEAS:CURR?')
    yield { voltage, current }
  }

  async setVoltage(volts: number) {
    await this.#change('voltage', volts)
  }

  async setCurrent(amperes: number) {
    await this.#change('current', amperes)
  }

  async setOvervoltageProtection(volts: number) {
    await this.#change('overvoltage', volts)
  }

  async settings() {
    const [voltage, current] = await this.#ask('VOLT?', 'CURR?')
    return { voltage, current }
  }

  override close() {
    return this.#connection.close()
  }

  async #change(point: SetPoint, value: number): Promise<void> {
    if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) {
      throw new HardwareError('ARGUMENT_INVALID', `The ${point} ${JSON.stringify(value)} is not a number, 0 or above`)
    }
    await this.#run([setCommand(point, value)], 'value')
    this.#set.set(point, value)
  }

  async #ask(...queries: readonly [string, string]): Promise<readonly [number, number]> {
    const [first = '', second = ''] = await this.#run(queries)
    return [parseMeasurement(queries[0], first), parseMeasurement(queries[1], second)]
  }

  /** The channel is chosen in the line of the command, because another driver may choose another one in between. */
  #run(commands: readonly string[], testsPart: TestsPart = 'nothing'): Promise<readonly string[]> {
    const { channel } = this.#config
    const prefix = typeof channel === 'number' ? `INST:NSEL ${channel};:` : ''
    const lines = commands.map((command) => `${prefix}${command}`)
    return this.#connection.run(lines, testsPart, callSignal())
  }
}

function setCommand(point: SetPoint, value: number): string {
  return `${setPoints[point]} ${value}`
}
