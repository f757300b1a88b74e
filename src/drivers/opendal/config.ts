import { type ConfigRule, findMistakes, isRecord, rules, throwMistakes } from '../../base/check.ts'
import { Mistake } from '../../base/mistake.ts'

/** The config of {@link OpendalDriver}. */
export interface OpendalConfig {
  /** The kind of storage, as OpenDAL names it: `fs`, `memory`, `s3`, `http` … */
  readonly scheme: string
  /** The storage's settings, as OpenDAL names them: `root` for `fs`, `bucket` and `region` for `s3` … */
  readonly kwargs?: Readonly<Record<string, string>> | undefined
  /** True if the files that were created in a session are removed at its end (default false). Only `fs` can do that. */
  readonly remove_created_on_close?: boolean | undefined
}

/** @throws TypeError with all mistakes */
export function checkOpendalConfig(config: unknown): void {
  const mistakes = [...findMistakes(config, opendalRules)]
  const { scheme, kwargs } = (config ?? {}) as Partial<OpendalConfig>
  if (scheme === 'fs' && isRecord(kwargs ?? {}) && !kwargs?.['root']) {
    mistakes.push(new Mistake(['kwargs', 'root'], 'is missing; for fs it has to be the folder that is served'))
  }
  throwMistakes(mistakes)
}

const settings: ConfigRule = (value) => {
  if (!isRecord(value)) return rules.object(value)
  const wrong = Object.entries(value).filter(([, setting]) => typeof setting !== 'string')
  const list = wrong.map(([key, setting]) => `${key}: ${JSON.stringify(setting)}`).join(', ')
  return wrong.length === 0 ? undefined : `has values that are no texts (${list}); put them in quotes`
}

/** The rules for the config, key by key. */
export const opendalRules = {
  scheme: rules.text,
  kwargs: rules.optional(settings),
  remove_created_on_close: rules.optional(rules.flag),
}
