import { inspect } from 'node:util'

import { cutText } from './cut-text.ts'
import { ConfigError, Mistake } from './mistake.ts'

/** The longest time limit that options may have, in milliseconds: a day, far below the 24 days that timers can hold. */
export const maxTimeoutMs = 86_400_000

/** The length from which a wrong value is cut in a message, in characters. */
const shownLength = 200

/** True for an object with keys: no array, not `null`. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Describes the mistake of a value, as the end of a sentence that begins with its key; `undefined` for a right value. */
export type ConfigRule = (value: unknown) => string | undefined

/** The rules for the keys of a `config`. */
export type ConfigRules = Readonly<Record<string, ConfigRule>>

/**
 * Makes a rule for a key that must be there.
 *
 * @param what the right values in a message, to follow `it has to be`: `a size, such as 512M`
 * @param fits returns true for a right value
 */
export function ruleFor(what: string, fits: (value: unknown) => boolean): ConfigRule {
  return (value) => {
    if (fits(value)) return undefined
    const missing = value === undefined || value === null || value === ''
    return missing ? `is missing; it has to be ${what}` : `is ${show(value)}; it has to be ${what}`
  }
}

/** The usual rules. */
export const rules = {
  text: ruleFor('a text', (value) => typeof value === 'string' && value !== ''),
  flag: ruleFor('true or false', (value) => typeof value === 'boolean'),
  port: ruleFor('a number from 1 to 65535', (value) => isInteger(value, 1, 65_535)),
  /** A rule for a key that has a whole number, both ends included. */
  wholeNumber: (from: number, to: number): ConfigRule =>
    ruleFor(`a whole number from ${from} to ${to}`, (value) => isInteger(value, from, to)),
  count: ruleFor('a whole number above 0', (value) => isInteger(value, 1, Number.MAX_SAFE_INTEGER)),
  seconds: ruleFor(
    'a number of seconds above 0',
    (value) => typeof value === 'number' && value > 0 && value < Infinity,
  ),
  amount: ruleFor('a number, 0 or above', (value) => typeof value === 'number' && value >= 0 && value < Infinity),
  texts: ruleFor(
    'a list of texts',
    (value) => Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string'),
  ),
  object: ruleFor('an object', isRecord),
  /** A password or alike, which may be empty. No message shows it. */
  secret: (value: unknown) =>
    typeof value === 'string' ? undefined : 'is missing, or is no text; a number has to be in quotes',
  /** A rule for a key that has one of some texts. */
  oneOf: (...texts: readonly string[]): ConfigRule =>
    ruleFor(texts.join(' or '), (value) => typeof value === 'string' && texts.includes(value)),
  /** A rule for a key that may be left out. `null` in YAML means the same. */
  optional:
    (rule: ConfigRule): ConfigRule =>
    (value) =>
      value === undefined || value === null ? undefined : rule(value),
} as const

/**
 * Checks the `config` of a driver's entry.
 *
 * @param known a rule for each key that the config can have
 * @throws ConfigError with all mistakes, unknown keys among them
 */
export function checkConfig(config: unknown, known: ConfigRules): void {
  throwMistakes(findMistakes(config, known))
}

/**
 * Makes one error of all mistakes of a config: those of {@link findMistakes}, and those that concern several keys.
 *
 * @throws ConfigError unless the list is empty
 */
export function throwMistakes(mistakes: readonly Mistake[]): void {
  if (mistakes.length > 0) throw new ConfigError(mistakes)
}

/**
 * Finds the mistakes of a config, or of an object inside one.
 *
 * @param path the keys on the way to that object: `['methods', 'ls']`
 */
export function findMistakes(config: unknown, known: ConfigRules, path: readonly string[] = []): readonly Mistake[] {
  const given = (config ?? {}) as Readonly<Record<string, unknown>>
  if (typeof given !== 'object' || Array.isArray(given)) {
    return [new Mistake(path, `is ${show(config)}; it has to be an object`)]
  }
  const wrong = Object.entries(known).flatMap(([key, rule]) => {
    const text = rule(Object.hasOwn(given, key) ? given[key] : undefined)
    return text === undefined ? [] : [new Mistake([...path, key], text)]
  })
  const unknown = Object.keys(given).filter((key) => !Object.hasOwn(known, key))
  const cure = `known keys: ${Object.keys(known).join(', ') || 'none'}`
  return [...wrong, ...unknown.map((key) => new Mistake([...path, key], `is an unknown key; ${cure}`))]
}

/** True for a whole number in a range, both ends included. */
export function isInteger(value: unknown, from: number, to: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= from && value <= to
}

/** A value as text for a message: short, and also for values that JSON cannot have, such as functions and circles. */
function show(value: unknown): string {
  // JSON has no Infinity.
  const text = typeof value === 'number' ? String(value) : (asJson(value) ?? inspect(value, { breakLength: Infinity }))
  return cutText(text, shownLength)
}

function asJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    return undefined
  }
}
