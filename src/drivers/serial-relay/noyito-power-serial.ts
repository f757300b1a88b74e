import { checkConfig, ruleFor, rules } from '../../base/check.ts'
import type { CheckOptions, Requirement } from '../../base/requirement.ts'
import { lineUrlRule, requireLine } from '../serial/open-line.ts'
import { SerialRelay } from './serial-relay.ts'

/** The channels of the board. */
const channels = [1, 2] as const

/** The config of {@link NoyitoPowerSerial}. */
export interface NoyitoPowerSerialConfig {
  /** The serial port of the board: a device, or a URL as in `PySerial`. */
  readonly port: string
  /** The channel (default 1). */
  readonly channel?: (typeof channels)[number] | undefined
  /** True to switch both channels as one (default false). */
  readonly all_channels?: boolean | undefined
}

/**
 * Power by the USB relay board of NOYITO with one or two channels (CH340). It cannot measure. Other drivers and other exporters can
 * use the other channel of the board at the same time.
 *
 * @example
 * ```yaml
 * export:
 *   power:
 *     type: jumpstarter_driver_noyito_relay.driver.NoyitoPowerSerial
 *     config: { port: /dev/ttyUSB0, channel: 2 }
 * ```
 */
export class NoyitoPowerSerial extends SerialRelay {
  static readonly configRules = {
    port: lineUrlRule,
    channel: rules.optional(ruleFor('1 or 2', (value) => value === 1 || value === 2)),
    all_channels: rules.optional(rules.flag),
  }

  /** Looks for the serial port. It does not open the port, because that may switch something. */
  static check({ port }: NoyitoPowerSerialConfig, options?: CheckOptions): Promise<readonly Requirement[]> {
    return requireLine(port, options)
  }

  /** @throws TypeError with all mistakes of the config */
  constructor(config: NoyitoPowerSerialConfig) {
    checkConfig(config, NoyitoPowerSerial.configRules)
    const { port, channel, all_channels: isAll } = config
    super(port, isAll === true ? channels : [channel ?? 1])
  }
}
