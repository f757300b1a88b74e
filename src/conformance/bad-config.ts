import { isStandardSchema } from '../base/config-schema.ts'
import { messageOf } from '../errors.ts'
import { constructDriver } from '../runtime/config/construct-driver.ts'
import type { DriverClass } from '../runtime/config/driver-types.ts'
import type { BadConfig } from './device.ts'

/** A key that no driver has. */
const unknownKey = 'conformanceUnknownKey'

/** Values of which every rule refuses at least one. */
const wrongValues = [{ [unknownKey]: 1 }, [], '', -1.5, true, Number.NaN, 'neither here nor there', null, undefined]

/**
 * Makes a config with a wrong value for each key, and an unknown key.
 *
 * @returns undefined if the class has no rules, or a Standard Schema, which does not tell its keys
 */
export function makeBadConfig({ configRules }: DriverClass): BadConfig | undefined {
  if (configRules === undefined || isStandardSchema(configRules)) return undefined
  const keys = Object.entries(configRules)
  const wrong = keys.flatMap(([key, rule]) => {
    const index = wrongValues.findIndex((value) => rule(value) !== undefined)
    return index === -1 ? [] : [[key, wrongValues[index]] as const]
  })
  const config = { ...Object.fromEntries(wrong), [unknownKey]: 1 }
  return { config, mistakes: Object.keys(config) }
}

/**
 * Makes a driver with a wrong config, as an exporter does.
 *
 * @returns a sentence about the error that should have come; undefined if it named all mistakes
 */
export async function missedMistakes(Class: DriverClass, { config, mistakes }: BadConfig): Promise<string | undefined> {
  let message: string
  try {
    const driver = constructDriver(Class, config)
    await driver.close()
    return `${Class.name} accepts a config with these mistakes: ${mistakes.join(', ')}`
  } catch (error) {
    message = messageOf(error)
  }
  const missed = mistakes.filter((mistake) => !message.includes(mistake))
  if (missed.length === 0) return undefined
  return `the error of ${Class.name} does not name these mistakes: ${missed.join(', ')}. It is: ${message}`
}
