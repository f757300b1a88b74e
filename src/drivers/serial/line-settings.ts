import { type ConfigRule, rules, ruleFor } from '../../base/check.ts'

const dataBits = [5, 6, 7, 8] as const
const parities = ['none', 'even', 'odd', 'mark', 'space'] as const
const stopBits = [1, 1.5, 2] as const

/** The form in which a serial port sends characters. Both ends of a line need the same. */
export interface LineSettings {
  /** Bits a second. */
  readonly baudRate: number
  readonly dataBits: (typeof dataBits)[number]
  readonly parity: (typeof parities)[number]
  readonly stopBits: (typeof stopBits)[number]
}

/** Settings, each of which has a default. */
export type GivenLineSettings = { readonly [K in keyof LineSettings]?: LineSettings[K] | undefined }

/** 115 200 baud, 8N1: the settings of Jumpstarter's PySerial, and of most consoles. */
export const defaultLineSettings: LineSettings = { baudRate: 115_200, dataBits: 8, parity: 'none', stopBits: 1 }

/** Rules for a driver's `config`, to be made optional where a default is meant. */
export const lineSettingRules = {
  baudRate: rules.count,
  dataBits: oneOf(dataBits),
  parity: rules.oneOf(...parities),
  stopBits: oneOf(stopBits),
} as const satisfies Record<keyof LineSettings, ConfigRule>

function oneOf(values: readonly number[]): ConfigRule {
  return ruleFor(values.join(' or '), (value) => typeof value === 'number' && values.includes(value))
}
