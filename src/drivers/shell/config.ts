import { findMistakes, isRecord, ruleFor, rules, throwMistakes } from '../../base/check.ts'
import { Mistake } from '../../base/mistake.ts'

/** The script of a method without one, that of Jumpstarter's driver. */
export const defaultCommand = 'echo Hello'

/** One command that clients can run. */
export interface ShellMethodConfig {
  /** A script for the shell, which has the client's arguments as `$1`, `$2` … (default {@link defaultCommand}) */
  readonly command?: string | undefined
  /** A description for people. */
  readonly description?: string | undefined
  /** The longest that the command may take, in seconds (default: the driver's `timeout`). */
  readonly timeout?: number | undefined
}

/** The config of {@link ShellDriver}. */
export interface ShellConfig {
  readonly methods: Readonly<Record<string, string | ShellMethodConfig>>
  /** The program that runs the scripts, and its arguments before the script (default `bash -c`). */
  readonly shell?: readonly string[] | undefined
  /** The longest that a command may take, in seconds (default 300). */
  readonly timeout?: number | undefined
  /** The folder in which commands run (default: the exporter's). */
  readonly cwd?: string | undefined
}

const methodRules = {
  command: rules.optional(rules.text),
  description: rules.optional(rules.text),
  timeout: rules.optional(rules.amount),
}

/** The rules for the config, key by key. */
export const shellRules = {
  methods: ruleFor('an object of commands by their names', (value) => isRecord(value) && Object.keys(value).length > 0),
  shell: rules.optional(rules.texts),
  timeout: rules.optional(rules.amount),
  cwd: rules.optional(rules.text),
}

function findMethodMistakes(config: ShellConfig | undefined): readonly Mistake[] {
  if (config === undefined || config === null || shellRules.methods(config.methods) !== undefined) return []
  return Object.entries<unknown>(config.methods).flatMap(([name, method]) => {
    if (typeof method !== 'string') return findMistakes(method, methodRules, ['methods', name])
    return method.trim() === '' ? [new Mistake(['methods', name], 'is empty; it has to be a command')] : []
  })
}

/** @throws TypeError with all mistakes of a config */
export function checkShellConfig(config: ShellConfig): void {
  const mistakes = [...findMethodMistakes(config), ...findMistakes(config, shellRules)]
  throwMistakes(mistakes)
}
