import { checkConfig, isInteger, ruleFor, rules } from '../../base/check.ts'
import { Mutex } from '../../base/mutex.ts'
import type { CheckOptions, Requirement } from '../../base/requirement.ts'
import { requireProgram } from '../../driver-kit/requirements.ts'
import { HardwareError } from '../../errors.ts'
import type { Implementation } from '../../interfaces/define.ts'
import { Power } from '../../interfaces/power.ts'
import { callSignal } from '../../runtime/call.ts'
import { Driver } from '../../runtime/driver.ts'
import { newPortStates } from './port-states.ts'

/** The config of {@link UhubctlPower}. */
export interface UhubctlPowerConfig {
  /** The location of the hub, as uhubctl prints it: `1-1.4`, or `2` for a root hub. */
  readonly location: string
  /** The number of the port, from 1. */
  readonly port: number
  /** True if only this half of a USB 3 hub is switched (default false: both halves, so that the port loses its power). */
  readonly exact?: boolean | undefined
  /** The number of times that off is sent (default 1). Some hubs switch a port on again at once. */
  readonly repeat?: number | undefined
  /** The longest that uhubctl may take, in seconds (default 30). */
  readonly timeout?: number | undefined
}

const install = 'apt install uhubctl'

/** USB is shared: two runs of uhubctl at once see each other's hubs disappear. */
const turns = new Mutex()

/**
 * The power of a port of a USB hub, switched by the program uhubctl; for hubs that switch each port by itself. It cannot measure.
 * The exporter's user needs uhubctl's udev rule. Tested with recorded output of uhubctl, not with a hub: a hub that reports the
 * new state and does not switch the current cannot be noticed.
 *
 * @example
 * ```yaml
 * export:
 *   power:
 *     type: vitest-hardware/drivers#UhubctlPower
 *     config: { location: 1-1.4, port: 2 }
 * ```
 */
export class UhubctlPower extends Driver implements Implementation<typeof Power> {
  static readonly interface = Power
  static readonly configRules = {
    location: ruleFor(
      "the location of a hub as uhubctl prints it, a text: '1-1.4', '2'",
      (value) => typeof value === 'string' && /^\d+(?:-\d+(?:\.\d+)*)?$/.test(value),
    ),
    // USB 2.0, section 11.23.2.1: a hub has up to 255 ports. uhubctl knows 15.
    port: ruleFor('a number from 1 to 15', (value) => isInteger(value, 1, 15)),
    exact: rules.optional(rules.flag),
    repeat: rules.optional(rules.count),
    timeout: rules.optional(rules.seconds),
  }
  readonly #config: UhubctlPowerConfig

  static async check(_config: UhubctlPowerConfig, { signal }: CheckOptions): Promise<readonly Requirement[]> {
    return [await requireProgram('uhubctl', { install, signal })]
  }

  /** @throws TypeError with all mistakes of the config */
  constructor(config: UhubctlPowerConfig) {
    super()
    checkConfig(config, UhubctlPower.configRules)
    this.#config = config
  }

  async on() {
    await this.#switch('on')
  }

  async off() {
    await this.#switch('off')
  }

  read(): AsyncGenerator<never> {
    throw new HardwareError('NOT_IMPLEMENTED', 'A port of a USB hub cannot be measured')
  }

  async #switch(action: 'on' | 'off'): Promise<void> {
    const { location, port, exact, repeat, timeout } = this.#config
    const args = ['-l', location, '-p', String(port), '-a', action]
    if (exact) args.push('-e')
    if (repeat) args.push('-r', String(repeat))
    const options = { install, timeoutMs: (timeout ?? 30) * 1000 }
    const signal = callSignal()
    const { stdout } = await turns.run(
      () => this.runProgram(['uhubctl', ...args], options).catch((error: unknown) => Promise.reject(explain(error))),
      { signal },
    )
    const states = newPortStates(stdout, port)
    if (states.length === 0) {
      throw new HardwareError('DEVICE_IO', `The hub at ${location} has no port ${port}`, { origin: 'lab' })
    }
    const wrong = states.filter(({ isOn }) => isOn !== (action === 'on'))
    if (wrong.length === 0) return
    const hubs = wrong.map(({ hub }) => hub).join(' and ')
    const state = action === 'on' ? 'off' : 'on'
    throw new HardwareError('DEVICE_IO', `Port ${port} of the hub at ${hubs} is still ${state} after power ${action}`)
  }
}

/** A hub that is not there, and missing rights, are mistakes of the lab. */
function explain(error: unknown): unknown {
  if (!(error instanceof HardwareError) || error.code !== 'DEVICE_IO') return error
  const { output: lines = [] } = error.details
  const message = `uhubctl failed: ${lines.filter((line) => !line.startsWith('Run with -h')).join('; ')}`
  return new HardwareError('DEVICE_IO', message, { cause: error, origin: 'lab' })
}
