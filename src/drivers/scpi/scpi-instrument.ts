import { checkConfig } from '../../base/check.ts'
import type { CheckOptions } from '../../base/requirement.ts'
import { HardwareError } from '../../errors.ts'
import type { Implementation } from '../../interfaces/define.ts'
import { ScpiInstrument as contract } from '../../interfaces/scpi-instrument.ts'
import { callSignal } from '../../runtime/call.ts'
import { Driver } from '../../runtime/driver.ts'
import { type ScpiConfig, scpiRules } from './config.ts'
import { requireInstrument } from './scpi-check.ts'
import { isQuery, ScpiConnection } from './scpi-connection.ts'

/** The config of {@link ScpiInstrument}. */
export type ScpiInstrumentConfig = ScpiConfig

/**
 * An instrument that is controlled by SCPI commands, on a network or a serial line. A command that the instrument refuses fails
 * with the entries of its queue of errors. Answers are texts of one line: blocks of bytes are not supported.
 *
 * @example
 * ```yaml
 * export:
 *   meter:
 *     type: vitest-hardware/drivers#ScpiInstrument
 *     config: { url: "socket://10.0.0.9:5025" }
 * ```
 */
export class ScpiInstrument extends Driver implements Implementation<typeof contract> {
  static readonly interface = contract
  static readonly configRules = scpiRules
  readonly #connection: ScpiConnection

  static check(config: ScpiInstrumentConfig, options: CheckOptions) {
    return requireInstrument(config, options)
  }

  /** @throws TypeError with all mistakes of the config */
  constructor(config: ScpiInstrumentConfig) {
    super()
    checkConfig(config, ScpiInstrument.configRules)
    this.#connection = new ScpiConnection(config)
  }

  async query(command: string) {
    checkCommand(command)
    if (!isQuery(command)) throw invalid(command, 'has no answer; use write()')
    const [answer = ''] = await this.#connection.run([command], 'command', callSignal())
    return answer
  }

  async write(command: string) {
    checkCommand(command)
    if (isQuery(command)) throw invalid(command, 'has an answer; use query()')
    await this.#connection.run([command], 'command', callSignal())
  }

  async readErrors() {
    return [...(await this.#connection.readErrors(callSignal()))]
  }

  override close() {
    return this.#connection.close()
  }
}

/** The end of a line would begin another command, whose answer nobody reads. */
function checkCommand(command: unknown): void {
  if (typeof command !== 'string' || !/^[\t -~]*[!-~][\t -~]*$/.test(command)) {
    throw invalid(command, 'is not one line of printable ASCII characters')
  }
}

function invalid(command: unknown, problem: string): HardwareError {
  return new HardwareError('ARGUMENT_INVALID', `The command ${JSON.stringify(command)} ${problem}`)
}
