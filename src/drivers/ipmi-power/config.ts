import { findMistakes, rules, throwMistakes } from '../../base/check.ts'
import { Mistake } from '../../base/mistake.ts'

/** The config of {@link IpmiPower}. It has one of `password` and `password_file`. */
export interface IpmiPowerConfig {
  /** The name or the address of the management controller. */
  readonly host: string
  /** The UDP port of the management controller (default 623). */
  readonly port?: number | undefined
  readonly username: string
  /** The password. ipmitool gets it in its environment, where other users of the machine cannot see it. */
  readonly password?: string | undefined
  /** A file with the password as its only line. */
  readonly password_file?: string | undefined
  /** The number of the cipher suite (default: the best one that the controller offers). Controllers that offer none need it. */
  readonly cipher_suite?: number | undefined
  /** The sensor that measures the voltage, by its name in `ipmitool sdr`. */
  readonly voltage_sensor?: string | undefined
  /** The sensor that measures the current, by its name in `ipmitool sdr`. */
  readonly current_sensor?: string | undefined
  /** The tries for each message after the first one (default 4, as in ipmitool). A controller that is away takes 20 s with four, 3 s with one. */
  readonly retries?: number | undefined
  /** The longest that one run of ipmitool, and the change of the power state, may take, in seconds (default 30). */
  readonly timeout?: number | undefined
}

/** The rules for the config, key by key. */
export const ipmiPowerRules = {
  host: rules.text,
  port: rules.optional(rules.port),
  username: rules.text,
  password: rules.optional(
    // The result of a rule shows the value, and a password is a secret.
    (value: unknown) => (typeof value === 'string' && value !== '' ? undefined : 'has to be a text; put it in quotes'),
  ),
  password_file: rules.optional(rules.text),
  // IPMI 2.0, table 22-20: the cipher suites of the standard, and those of makers.
  cipher_suite: rules.optional(rules.wholeNumber(0, 255)),
  voltage_sensor: rules.optional(rules.text),
  current_sensor: rules.optional(rules.text),
  retries: rules.optional(rules.wholeNumber(0, 10)),
  timeout: rules.optional(rules.seconds),
}

/** @throws TypeError with all mistakes of a config */
export function checkIpmiPowerConfig(config: IpmiPowerConfig): void {
  const mistakes = [...findMistakes(config, ipmiPowerRules)]
  const { password, password_file: file, voltage_sensor: voltage, current_sensor: current } = config ?? {}
  if (!password && !file) {
    mistakes.push(new Mistake(['password'], 'is missing, and so is password_file, a file with the password'))
  }
  if (password && file) mistakes.push(new Mistake(['password_file'], 'is given besides password; leave one out'))
  if (Boolean(voltage) !== Boolean(current)) {
    const key = voltage ? 'current_sensor' : 'voltage_sensor'
    mistakes.push(new Mistake([key], 'is missing: a measurement needs both sensors'))
  }
  throwMistakes(mistakes)
}
