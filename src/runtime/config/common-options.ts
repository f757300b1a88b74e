import { type ConfigRules, findMistakes, isRecord, ruleFor, rules } from '../../base/check.ts'
import { isStandardSchema } from '../../base/config-schema.ts'
import type { Mistake } from '../../base/mistake.ts'
import type { Driver } from '../driver.ts'
import { isLogLevel } from '../logger.ts'
import type { DriverClass } from './driver-types.ts'

/** The options that every driver of Jumpstarter has. */
const commonRules = {
  log_level: rules.optional(
    ruleFor('DEBUG, INFO, WARNING, ERROR or CRITICAL', (value) => typeof value === 'string' && isLogLevel(value)),
  ),
  labels: rules.optional(
    ruleFor(
      'an object of texts',
      (value) => isRecord(value) && Object.values(value).every((text) => typeof text === 'string'),
    ),
  ),
  uuid: rules.optional(
    ruleFor(
      'a UUID',
      (value) => typeof value === 'string' && /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i.test(value),
    ),
  ),
}

type CommonOptions = Readonly<Partial<Record<keyof typeof commonRules, unknown>>>

/** The `config` of an entry: the options of every driver, those of its class, and those that have no effect here. */
export interface SplitConfig {
  readonly common: CommonOptions
  readonly own: Readonly<Record<string, unknown>>
  readonly ignored: readonly string[]
}

/**
 * Separates the options of every driver from those of its class. A class without `configRules` gets all, because nobody knows its
 * keys. An optional text that is empty is left out, as one that is `null`.
 */
export function splitConfig(Class: DriverClass, config: Readonly<Record<string, unknown>>): SplitConfig {
  const { configRules, ignoredConfig = [] } = Class
  if (configRules === undefined) return { common: {}, own: config, ignored: [] }
  // Nobody can ask a Standard Schema for its keys.
  const rulesByKey: ConfigRules = isStandardSchema(configRules) ? {} : configRules
  const isCommon = (key: string) => Object.hasOwn(commonRules, key) && !Object.hasOwn(rulesByKey, key)
  const isEmpty = (key: string, value: unknown) =>
    value === '' && Object.hasOwn(rulesByKey, key) && rulesByKey[key]?.(undefined) === undefined
  const entries = Object.entries(config)
  return {
    common: Object.fromEntries(entries.filter(([key]) => isCommon(key))),
    own: Object.fromEntries(
      entries.filter(([key, value]) => !isCommon(key) && !ignoredConfig.includes(key) && !isEmpty(key, value)),
    ),
    ignored: entries.flatMap(([key, value]) => (ignoredConfig.includes(key) && value !== null ? [key] : [])),
  }
}

/** Finds the mistakes of the options of every driver. */
export function findCommonMistakes(common: CommonOptions): readonly Mistake[] {
  return findMistakes(common, commonRules)
}

/** Gives a driver the options of every driver. @param common options without mistakes */
export function applyCommonOptions(driver: Driver, common: CommonOptions): void {
  if (typeof common.log_level === 'string') driver.logger.setLevel(common.log_level)
  if (isRecord(common.labels)) Object.assign(driver.labels, common.labels)
  if (typeof common.uuid === 'string') Object.assign(driver, { uuid: common.uuid.toLowerCase() })
}
