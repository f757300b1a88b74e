import { type ConfigRule, findMistakes, rules } from '../check-config.ts'

/** One command that clients can run. */
export interface ShellMethodConfig {
  /** A script for the shell; it has the client's arguments as `$1`, `$2` … */
  readonly command: string
  /** What it does, for people. */
  readonly description?: string
  /** The longest it may take, in seconds (default: the driver's). */
  readonly timeout?: number
}

/** What {@link ShellDriver} is configured with. */
export interface ShellConfig {
  readonly methods: Readonly<Record<string, string | ShellMethodConfig>>
  /** The program that runs the scripts, and its arguments before the script (default `bash -c`). */
  readonly shell?: readonly string[]
  /** The longest a command may take, in seconds (default 300). */
  readonly timeout?: number
  /** Where commands run (default: where the exporter does). */
  readonly cwd?: string
}

const methodRules = {
  command: rules.text,
  description: rules.optional(rules.text),
  timeout: rules.optional(rules.amount),
}

const methods: ConfigRule = (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0
    ? undefined
    : 'is missing; it has to be an object of commands by their names'

function findMethodMistakes(config: ShellConfig | undefined): readonly string[] {
  if (config === undefined || config === null || methods(config.methods) !== undefined) return []
  return Object.entries<unknown>(config.methods).flatMap(([name, method]) => {
    if (typeof method !== 'string') return findMistakes(method, methodRules, `methods.${name}.`)
    return method.trim() === '' ? [`methods.${name} is empty; it has to be a command`] : []
  })
}

/** @throws TypeError with all mistakes of a config */
export function checkShellConfig(config: ShellConfig): void {
  const mistakes = [
    ...findMethodMistakes(config),
    ...findMistakes(config, {
      methods,
      shell: rules.optional(rules.texts),
      timeout: rules.optional(rules.amount),
      cwd: rules.optional(rules.text),
    }),
  ]
  if (mistakes.length > 0) throw new TypeError(mistakes.join('; '))
}
