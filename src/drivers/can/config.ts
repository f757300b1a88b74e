import { findMistakes, isInteger, ruleFor, rules } from '../../base/check.ts'
import { Mistake } from '../../base/mistake.ts'
import type { CheckOptions, Requirement } from '../../base/requirement.ts'
import { lineUrlRule, requireLine } from '../serial/open-line.ts'
import type { ChannelPlan } from './channel.ts'
import { bitRateCommands, dataBitRateCommands } from './slcan/bit-rates.ts'
import { SlcanLink } from './slcan/slcan-link.ts'
import { requireCanInterface } from './socketcan/require-interface.ts'
import { SocketCanLink } from './socketcan/socketcan-link.ts'

/** The part of a config that says which bus a driver uses. */
export interface CanBusConfig {
  /**
   * `slcan` for an adapter with the protocol of Lawicel on a serial line; `socketcan` for an adapter that Linux has as a network
   * interface (needs the package `socketcan`); `virtual` for a bus that is only in this exporter, shared by all drivers with the same
   * channel.
   */
  readonly interface: 'slcan' | 'socketcan' | 'virtual'
  /**
   * For `slcan` the line: a device, which may end with `@` and the bits a second, or a URL as in `PySerial`. For `socketcan` the name
   * of the network interface: `can0`. For `virtual` any name or number.
   */
  readonly channel: string | number
  /** Bits a second on the bus. Without it an adapter keeps the rate it has. */
  readonly bitrate?: number | undefined
  /** Bits a second of the data of CAN FD: 2 000 000 or 5 000 000. */
  readonly data_bitrate?: number | undefined
  /** Bits a second of the serial line (default 115 200). */
  readonly tty_baudrate?: number | undefined
  /** True to receive without acknowledging frames on the bus, and to send nothing (default false). */
  readonly listen_only?: boolean | undefined
  /** True to take the times of frames from the adapter's clock (default false: the time of their arrival). */
  readonly timestamps?: boolean | undefined
  /** False for an adapter that never answers a command (default true). */
  readonly acknowledge?: boolean | undefined
}

const bitRates = [...bitRateCommands.keys()].toSorted((a, b) => a - b)
const dataBitRates = [...dataBitRateCommands.keys()]

/** The rules for the keys of {@link CanBusConfig}. */
export const canBusRules = {
  interface: rules.oneOf('slcan', 'socketcan', 'virtual'),
  channel: ruleFor(
    'a text or a whole number',
    (value) => (typeof value === 'string' && value !== '') || isInteger(value, 0, Number.MAX_SAFE_INTEGER),
  ),
  bitrate: rules.optional(oneOfNumbers(bitRates)),
  data_bitrate: rules.optional(oneOfNumbers(dataBitRates)),
  tty_baudrate: rules.optional(rules.count),
  listen_only: rules.optional(rules.flag),
  timestamps: rules.optional(rules.flag),
  acknowledge: rules.optional(rules.flag),
}

function oneOfNumbers(numbers: readonly number[]) {
  return ruleFor(numbers.join(' or '), (value) => typeof value === 'number' && numbers.includes(value))
}

/** Finds the mistakes of a config. @param more the rules for the keys of the driver */
export function findCanMistakes(
  config: CanBusConfig,
  more: Parameters<typeof findMistakes>[1] = {},
): readonly Mistake[] {
  const mistakes = findMistakes(config, { ...canBusRules, ...more })
  if (config?.interface === 'virtual') {
    return [...mistakes, ...findExtra(config, 'has no meaning for interface: virtual; leave it out')]
  }
  if (config?.interface === 'socketcan') {
    return [
      ...mistakes,
      ...findExtra(config, 'is a setting of the network interface (ip link set … type can …); leave it out'),
    ]
  }
  if (config?.interface !== 'slcan' || canBusRules.channel(config.channel) !== undefined) return mistakes
  const wrong = lineUrlRule(lineOf(config).url)
  return [
    ...mistakes,
    ...(wrong === undefined ? [] : [new Mistake(['channel'], wrong)]),
    // Such an adapter would seem to listen, and to send.
    ...(config.listen_only === true && config.acknowledge === false
      ? [new Mistake(['listen_only'], 'needs an adapter that answers, and acknowledge is false')]
      : []),
  ]
}

/** Finds the keys that only adapters on a serial line have. */
function findExtra(config: CanBusConfig, why: string): readonly Mistake[] {
  const { interface: _interface, channel: _channel, ...ofAdapters } = canBusRules
  const extra = Object.keys(ofAdapters).filter((key) => (config[key as keyof CanBusConfig] ?? undefined) !== undefined)
  return extra.map((key) => new Mistake([key], why))
}

/** The address of the serial line, and its bits a second, which may be behind an `@` as in python-can. */
function lineOf({ channel, tty_baudrate: rate }: CanBusConfig): { readonly url: string; readonly baudRate: number } {
  const { url, behind } = /^(?<url>.+)@(?<behind>\d+)$/.exec(String(channel))?.groups ?? {}
  return { url: url ?? String(channel), baudRate: behind === undefined ? (rate ?? 115_200) : Number(behind) }
}

/** Says how the drivers of this process reach a bus. @param config without mistakes */
export function planChannel(config: CanBusConfig): ChannelPlan {
  const key = `${config.interface} ${config.channel}`
  if (config.interface === 'virtual') return { key, settings: '', createLink: undefined }
  if (config.interface === 'socketcan') {
    return { key, settings: '', createLink: (events) => new SocketCanLink(String(config.channel), events) }
  }
  const { bitrate, data_bitrate: dataBitRate } = config
  const setUp = [
    bitRateCommands.get(bitrate ?? 0),
    dataBitRateCommands.get(dataBitRate ?? 0),
    config.timestamps === true ? 'Z1' : undefined,
  ].filter((command) => command !== undefined)
  const settings = {
    ...lineOf(config),
    setUp,
    openCommand: config.listen_only === true ? 'L' : 'O',
    hasTimeStamps: config.timestamps === true,
    acknowledges: config.acknowledge !== false,
  }
  return {
    key: `slcan ${settings.url}`,
    settings: JSON.stringify(settings),
    createLink: (events) => new SlcanLink(settings, events),
  }
}

/** Describes a bus for people. The text for a virtual bus is that of python-can. */
export function describeBus(config: CanBusConfig): string {
  if (config.interface === 'virtual') return `Virtual bus channel ${config.channel}`
  if (config.interface === 'socketcan') return `SocketCAN interface ${config.channel}`
  return `SLCAN at ${config.channel}${config.bitrate === undefined ? '' : `, ${config.bitrate} bit/s`}`
}

/** Looks for the serial line or the network interface. It does not open the port, because that resets some adapters. */
export async function requireBus(config: CanBusConfig, options?: CheckOptions): Promise<readonly Requirement[]> {
  if (config.interface === 'socketcan') return [await requireCanInterface(String(config.channel))]
  return config.interface === 'slcan' ? requireLine(lineOf(config).url, options) : []
}
