import { type ConfigRule, type ConfigRules, ruleFor, rules } from '../base/check.ts'

/** The shortest lease, in milliseconds: leases of controllers have whole seconds, and extending one takes some time. */
const minDurationMs = 5_000
const dayMs = 86_400_000
const yearMs = 365 * dayMs

/** Jumpstarter's controller: the way to reach it, and the leases to take. */
export interface ControllerOptions {
  /** The alias of a client of `jmp config` (default: `JMP_*` of the environment, else the current client). */
  readonly client?: string
  /** The file of a client, instead of an alias. The path is relative to the project's root. */
  readonly clientConfig?: string
  /**
   * The time of a lease. `file` (default) leases exporters for each test file that needs some, so that files can run on several
   * at once and other users get their turn in between. `run` keeps an exporter for the files that follow.
   */
  readonly lease?: 'file' | 'run'
  /**
   * The time that a lease is taken for, and extended by, in milliseconds (default one minute, at least 5 000). The exporter of a
   * run that was killed is free after this time.
   */
  readonly durationMs?: number
  /** The longest time of one lease in all, in milliseconds (default one day; one hour if it cannot be extended). */
  readonly maxDurationMs?: number
}

/** A rule for an option that may be left out. `null`, which YAML has for nothing, is a mistake here. */
export function optional(rule: ConfigRule): ConfigRule {
  return (value) => (value === undefined ? undefined : rule(value))
}

/** A rule for a time in milliseconds, with the limits included. */
export function timeFrom(from: number, to: number): ConfigRule {
  const fits = (value: unknown) => typeof value === 'number' && value >= from && value <= to
  return ruleFor(`a number of milliseconds from ${from} to ${to}`, fits)
}

/** The rules for the option `controller`. */
export const controllerRules: ConfigRules = {
  client: optional(rules.text),
  clientConfig: optional(rules.text),
  lease: optional(rules.oneOf('file', 'run')),
  durationMs: optional(timeFrom(minDurationMs, dayMs)),
  maxDurationMs: optional(timeFrom(minDurationMs, yearMs)),
}
