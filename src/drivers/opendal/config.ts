import { type ConfigRule, findMistakes, rules } from '../check-config.ts'

/** What {@link OpendalDriver} is configured with. */
export interface OpendalConfig {
  /** The kind of storage, as OpenDAL names it: `fs`, `memory`, `s3`, `http` … */
  readonly scheme: string
  /** The storage's settings, as OpenDAL names them: `root` for `fs`, `bucket` and `region` for `s3` … */
  readonly kwargs?: Readonly<Record<string, string>>
  /** Whether what was made in a session is removed at its end (default false). Only `fs` can do that. */
  readonly remove_created_on_close?: boolean
}

/** @throws TypeError with all that is wrong */
export function checkOpendalConfig(config: unknown): void {
  const mistakes = [...findMistakes(config, known)]
  const { scheme, kwargs } = (config ?? {}) as Partial<OpendalConfig>
  if (scheme === 'fs' && isMapping(kwargs ?? {}) && !kwargs?.['root']) {
    mistakes.push('kwargs.root is missing; for fs it has to be the folder that is served')
  }
  if (mistakes.length > 0) throw new TypeError(mistakes.join('; '))
}

const settings: ConfigRule = (value) => {
  if (!isMapping(value)) return `is ${JSON.stringify(value)}; it has to be an object`
  const wrong = Object.entries(value).filter(([, setting]) => typeof setting !== 'string')
  const list = wrong.map(([key, setting]) => `${key}: ${JSON.stringify(setting)}`).join(', ')
  return wrong.length === 0 ? undefined : `has values that are no texts (${list}); put them in quotes`
}

const known = {
  scheme: rules.text,
  kwargs: rules.optional(settings),
  remove_created_on_close: rules.optional(rules.flag),
}

function isMapping(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
