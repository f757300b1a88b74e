import { checkConfig, ruleFor, rules } from '../../base/check.ts'

/** The config of {@link NutPower}. */
export interface NutPowerConfig {
  /** The machine with `upsd`. */
  readonly host: string
  /** Default 3493. */
  readonly port?: number | undefined
  /** The name of the device in `ups.conf`. */
  readonly ups: string
  /** The number of the outlet (default: the whole device). */
  readonly outlet?: number | undefined
  /**
   * The variable that switches by `on` and `off`, such as `outlet.1.switch`, for devices without the commands `load.on` and
   * `load.off` (`upscmd -l` lists commands, `upsrw` variables).
   */
  readonly variable?: string | undefined
  /** A user of `upsd.users` that may give commands (`instcmds`), or write variables (`actions = SET`). */
  readonly username?: string | undefined
  readonly password?: string | undefined
  /** The longest that connecting, and the device's answer, may take, in seconds (default 10). */
  readonly timeout?: number | undefined
}

const name = (example: string) =>
  ruleFor(`a name without spaces, such as ${example}`, (value) => typeof value === 'string' && /^[\w.-]+$/.test(value))

/** A line break would begin another command. No message shows a password. */
const singleLine = (value: unknown) =>
  rules.secret(value) ?? (/\p{Cc}/u.test(String(value)) ? 'has a line break, or another control character' : undefined)

const { optional, text, port, count, seconds } = rules

/** The rules for the config, key by key. */
export const nutPowerRules = {
  host: text,
  port: optional(port),
  ups: name('pdu'),
  outlet: optional(count),
  variable: optional(name('outlet.1.switch')),
  username: optional(singleLine),
  password: optional(singleLine),
  timeout: optional(seconds),
}

/** @throws TypeError with all mistakes of a config */
export function checkNutPowerConfig(config: NutPowerConfig): void {
  checkConfig(config, nutPowerRules)
}
