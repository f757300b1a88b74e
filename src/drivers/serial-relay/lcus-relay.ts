import { checkConfig, isInteger, ruleFor, rules } from '../../base/check.ts'
import type { CheckOptions, Requirement } from '../../base/requirement.ts'
import { lineUrlRule, requireLine } from '../serial/open-line.ts'
import { SerialRelay } from './serial-relay.ts'

/** The most channels that a board has: LCUS-8. */
const maxChannel = 8

/** The config of {@link LcusRelay}. */
export interface LcusRelayConfig {
  /** The serial port of the board: a device, or a URL as in `PySerial`. */
  readonly url: string
  /** The channels that switch the device together, each from 1 to 8 (default 1). */
  readonly channels?: readonly number[] | undefined
  /** True if the device is wired to the normally closed contacts, so that it has power while the relays are off (default false). */
  readonly normally_closed?: boolean | undefined
}

/**
 * Power by an LCUS relay board, LCUS-1 to LCUS-8, or one of the many that understand its commands (CH340, 9600 baud). It cannot
 * measure. `status` asks the board, which boards with one channel often do not answer. Other drivers and other exporters can use the
 * other channels of the board at the same time.
 *
 * @example
 * ```yaml
 * export:
 *   power:
 *     type: vitest-hardware/drivers#LcusRelay
 *     config: { url: /dev/serial/by-id/usb-1a86_USB_Serial-if00-port0, channels: [3] }
 * ```
 */
export class LcusRelay extends SerialRelay {
  static readonly configRules = {
    url: lineUrlRule,
    channels: rules.optional(
      ruleFor(
        `a list of different numbers from 1 to ${maxChannel}`,
        (value) =>
          Array.isArray(value) &&
          value.length > 0 &&
          value.every((channel) => isInteger(channel, 1, maxChannel)) &&
          new Set(value).size === value.length,
      ),
    ),
    normally_closed: rules.optional(rules.flag),
  }

  /** Looks for the serial port. It does not open the port, because that may switch something. */
  static check({ url }: LcusRelayConfig, options?: CheckOptions): Promise<readonly Requirement[]> {
    return requireLine(url, options)
  }

  /** @throws TypeError with all mistakes of the config */
  constructor(config: LcusRelayConfig) {
    checkConfig(config, LcusRelay.configRules)
    super(config.url, config.channels ?? [1], config.normally_closed ?? false)
  }
}
