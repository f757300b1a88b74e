import { findMistakes, isRecord, ruleFor, rules, throwMistakes } from '../../base/check.ts'
import { Mistake } from '../../base/mistake.ts'
import { lineSettingRules } from '../serial/line-settings.ts'

/** One relay. It has one of `coil` and `register`. Addresses are those of the protocol, from 0: relay 1 of a board is coil 0. */
export interface ModbusChannelConfig {
  /** The address of the relay's coil, 0 to 65535. */
  readonly coil?: number | undefined
  /** The address of the relay's holding register, 0 to 65535, for boards without coils. */
  readonly register?: number | undefined
  /** The value that closes the relay (default 1; only for a register). */
  readonly closed_value?: number | undefined
  /** The value that opens the relay (default 0; only for a register). */
  readonly open_value?: number | undefined
  /** True if the device has power while its relay is open (default false). */
  readonly normally_closed?: boolean | undefined
}

/** The config of {@link ModbusRelays}. */
export interface ModbusRelaysConfig<Name extends string = string> {
  /** `tcp://10.0.0.7` or `tcp://10.0.0.7:502` for Modbus TCP, the path of a serial port for Modbus RTU. */
  readonly url: string
  /** The relays, by the names that clients see. */
  readonly channels: Readonly<Record<Name, ModbusChannelConfig>>
  /** The number of the board on its bus (default 1). */
  readonly unit?: number | undefined
  /** Bits a second of the serial port (default 9600). */
  readonly baudrate?: number | undefined
  /** The parity of the serial port (default `none`). */
  readonly parity?: 'none' | 'even' | 'odd' | undefined
  /** The stop bits of the serial port (default 1). */
  readonly stop_bits?: 1 | 2 | undefined
  /** The longest that an answer may take, in seconds (default 2). */
  readonly timeout?: number | undefined
}

/** The place of a board: a TCP address, or a serial port. */
export type ModbusPlace =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'device'; readonly path: string }

/** Reads a `url`; `undefined` if it is none. */
export function parseModbusUrl(url: string): ModbusPlace | undefined {
  if (!/^[a-z][\w+.-]*:\/\//i.test(url)) return url === '' ? undefined : { kind: 'device', path: url }
  const { host, port = '502' } = /^tcp:\/\/\[?(?<host>[^/?#\]]+?)\]?(?::(?<port>\d{1,5}))?\/?$/.exec(url)?.groups ?? {}
  if (host === undefined || Number(port) < 1 || Number(port) > 65_535) return undefined
  return { kind: 'tcp', host, port: Number(port) }
}

const word = rules.wholeNumber(0, 65_535)

/** The rules for the config, key by key. */
export const modbusRelaysRules = {
  url: ruleFor(
    'tcp://host, tcp://host:port, or the path of a serial port',
    (value) => typeof value === 'string' && parseModbusUrl(value) !== undefined,
  ),
  channels: ruleFor('an object of relays by their names', (value) => isRecord(value) && Object.keys(value).length > 0),
  // Modbus over Serial Line 1.02, section 2.2: 1 to 247 are units, and 0 is all of them, which do not answer. Some TCP boards want 255.
  unit: rules.optional(rules.wholeNumber(1, 255)),
  baudrate: rules.optional(lineSettingRules.baudRate),
  parity: rules.optional(rules.oneOf('none', 'even', 'odd')),
  stop_bits: rules.optional(ruleFor('1 or 2', (value) => value === 1 || value === 2)),
  timeout: rules.optional(rules.seconds),
}

const channelRules = {
  coil: rules.optional(word),
  register: rules.optional(word),
  closed_value: rules.optional(word),
  open_value: rules.optional(word),
  normally_closed: rules.optional(rules.flag),
}

/** @throws TypeError with all mistakes of a config */
export function checkModbusRelaysConfig(config: ModbusRelaysConfig): void {
  const mistakes = [...findMistakes(config, modbusRelaysRules)]
  const channels = isRecord(config?.channels) ? Object.entries<unknown>(config.channels) : []
  for (const [name, channel] of channels) mistakes.push(...findChannelMistakes(channel, ['channels', name]))
  throwMistakes(mistakes)
}

function findChannelMistakes(channel: unknown, path: readonly string[]): readonly Mistake[] {
  const mistakes = findMistakes(channel, channelRules, path)
  if (!isRecord(channel)) return mistakes
  const [hasCoil, hasRegister, ...hasValues] = ['coil', 'register', 'closed_value', 'open_value'].map(
    (key) => channel[key] !== undefined && channel[key] !== null,
  )
  const both = hasCoil && hasRegister ? ['has coil and register; a relay has one of them'] : []
  const none = !hasCoil && !hasRegister ? ['is a relay without an address; add coil or register'] : []
  const useless = hasCoil && hasValues.includes(true) ? ['has values for a register, and is a coil'] : []
  return [...mistakes, ...[...both, ...none, ...useless].map((text) => new Mistake(path, text))]
}
