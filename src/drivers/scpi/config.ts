import { ruleFor, rules } from '../../base/check.ts'
import { lineSettingRules } from '../serial/line-settings.ts'
import { lineUrlRule } from '../serial/open-line.ts'

/** The part of a config that says how an instrument is reached. */
export interface ScpiConfig {
  /** `socket://10.0.0.9:5025` (5025 is the usual port of SCPI), or the path of a serial port. */
  readonly url: string
  /** Bits a second of the serial port (default 9600). */
  readonly baudrate?: number | undefined
  /** The parity of the serial port (default `none`). */
  readonly parity?: 'none' | 'even' | 'odd' | undefined
  /** The stop bits of the serial port (default 1). */
  readonly stop_bits?: 1 | 2 | undefined
  /** The end of a command (default `lf`). */
  readonly line_end?: 'lf' | 'cr' | 'crlf' | undefined
  /** False for an instrument without `SYST:ERR?`, whose errors go unnoticed (default true). */
  readonly check_errors?: boolean | undefined
  /** The longest that an answer may take, in seconds (default 5). */
  readonly timeout?: number | undefined
}

/** The rules for the keys of {@link ScpiConfig}. */
export const scpiRules = {
  url: lineUrlRule,
  baudrate: rules.optional(lineSettingRules.baudRate),
  parity: rules.optional(rules.oneOf('none', 'even', 'odd')),
  stop_bits: rules.optional(ruleFor('1 or 2', (value) => value === 1 || value === 2)),
  line_end: rules.optional(rules.oneOf('lf', 'cr', 'crlf')),
  check_errors: rules.optional(rules.flag),
  timeout: rules.optional(rules.seconds),
}
