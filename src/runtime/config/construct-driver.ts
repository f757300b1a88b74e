import { findMistakes } from '../../base/check.ts'
import { isStandardSchema, parseConfig } from '../../base/config-schema.ts'
import { ConfigError } from '../../base/mistake.ts'
import type { Driver } from '../driver.ts'
import type { DriverClass } from './driver-types.ts'

/**
 * Makes a driver from the `config` of its entry.
 *
 * @throws ConfigError with all mistakes of the config, also where the constructor does not look for them; the error of a constructor
 *   that fails for another reason
 */
export function constructDriver(Class: DriverClass, config: Readonly<Record<string, unknown>>): Driver {
  const { configRules } = Class
  if (configRules === undefined) return new Class(config)
  if (isStandardSchema(configRules)) return new Class(parseConfig(config, configRules) as typeof config)
  // A class that inherits its rules may have more keys: its constructor knows them.
  const mistakes = Object.hasOwn(Class, 'configRules') ? findMistakes(config, configRules) : []
  try {
    const driver = new Class(config)
    if (mistakes.length === 0) return driver
  } catch (error) {
    // The constructor knows more than the rules: keys that depend on each other, and objects inside.
    const found = error instanceof ConfigError ? error.mistakes : []
    const known = new Set(found.map(String))
    const all = [...found, ...mistakes.filter((mistake) => !known.has(String(mistake)))]
    throw all.length === 0 ? error : new ConfigError(all)
  }
  throw new ConfigError(mistakes)
}
