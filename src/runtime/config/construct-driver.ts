import { checkConfig } from '../../base/check.ts'
import { isStandardSchema, parseConfig } from '../../base/config-schema.ts'
import type { Driver } from '../driver.ts'
import type { DriverClass } from './driver-types.ts'

/**
 * Makes a driver from the `config` of its entry.
 *
 * @throws TypeError with all mistakes of the config, also where the constructor does not look for them
 */
export function constructDriver(Class: DriverClass, config: Readonly<Record<string, unknown>>): Driver {
  const { configRules } = Class
  if (configRules === undefined) return new Class(config)
  if (isStandardSchema(configRules)) return new Class(parseConfig(config, configRules) as typeof config)
  const driver = new Class(config)
  // A class that inherits its rules may have more keys: its constructor knows them.
  if (Object.hasOwn(Class, 'configRules')) checkConfig(config, configRules)
  return driver
}
