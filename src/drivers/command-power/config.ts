import { findMistakes, ruleFor, rules, throwMistakes } from '../../base/check.ts'
import { Mistake } from '../../base/mistake.ts'

/** A program and its arguments. No shell reads them. */
export type CommandLine = readonly [program: string, ...args: string[]]

/**
 * The config of {@link CommandPower}. Its keys are those of Jumpstarter's `HttpPower`: an exporter file is YAML 1.1, which would
 * read a key `on` as `true`.
 */
export interface CommandPowerConfig {
  /** Switches the power on. Its exit code is 0 when it has done so. */
  readonly power_on: CommandLine
  /** Switches the power off. Its exit code is 0 when it has done so. */
  readonly power_off: CommandLine
  /** Prints one measurement (default: the power cannot be measured). */
  readonly power_read?: CommandLine | undefined
  /**
   * A regular expression that finds the measurement in the output of `power_read`. Its groups `voltage` and `current` are numbers, in
   * volts and amperes (default: the output is a JSON object with the keys `voltage` and `current`).
   */
  readonly read_pattern?: string | undefined
  /** The longest that a command may take, in seconds (default 30). */
  readonly timeout?: number | undefined
  /** The folder in which the commands run (default: the exporter's). */
  readonly cwd?: string | undefined
}

const commandLine = ruleFor(
  "a list of a program and its arguments, all of them texts: [relayctl, 'on', '3'], or [sh, -c, script] for a script",
  (value) =>
    Array.isArray(value) &&
    value.every((part) => typeof part === 'string' && !part.includes('\0')) &&
    (value[0] ?? '') !== '',
)

/** The rules for the config, key by key. */
export const commandPowerRules = {
  power_on: commandLine,
  power_off: commandLine,
  power_read: rules.optional(commandLine),
  read_pattern: rules.optional(
    ruleFor(
      'a regular expression with the groups voltage and current: (?<voltage>[\\d.]+) V, (?<current>[\\d.]+) A',
      (value) => typeof value === 'string' && hasGroups(value, ['voltage', 'current']),
    ),
  ),
  timeout: rules.optional(rules.seconds),
  cwd: rules.optional(rules.text),
}

/** @throws TypeError with all mistakes of a config */
export function checkCommandPowerConfig(config: CommandPowerConfig): void {
  const mistakes = [...findMistakes(config, commandPowerRules)]
  if (config?.read_pattern && !config.power_read) {
    mistakes.push(new Mistake(['read_pattern'], 'has no effect without power_read, the command that measures'))
  }
  throwMistakes(mistakes)
}

/** True for a valid regular expression with some named groups. */
function hasGroups(pattern: string, names: readonly string[]): boolean {
  try {
    // An alternative that is empty always matches, so that the result has all groups of the expression.
    const groups = new RegExp(`${pattern}|`).exec('')?.groups ?? {}
    return names.every((name) => name in groups)
  } catch {
    return false
  }
}
