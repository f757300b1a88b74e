/** Says what is wrong with a value, as the end of a sentence that begins with its key; undefined when nothing is. */
export type ConfigRule = (value: unknown) => string | undefined

function required(what: string, fits: (value: unknown) => boolean): ConfigRule {
  return (value) => {
    if (fits(value)) return undefined
    const missing = value === undefined || value === null || value === ''
    return missing ? `is missing; it has to be ${what}` : `is ${JSON.stringify(value)}; it has to be ${what}`
  }
}

/** What the keys of a driver's `config` may be. */
export const rules = {
  text: required('a text', (value) => typeof value === 'string' && value !== ''),
  flag: required('true or false', (value) => typeof value === 'boolean'),
  port: required('a number from 1 to 65535', (value) => isInteger(value, 1, 65_535)),
  count: required('a whole number above 0', (value) => isInteger(value, 1, Number.MAX_SAFE_INTEGER)),
  amount: required('a number, 0 or above', (value) => typeof value === 'number' && value >= 0 && value < Infinity),
  texts: required(
    'a list of texts',
    (value) => Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string'),
  ),
  /** A rule for a key that may be left out; `null` in YAML is as good as that. */
  optional:
    (rule: ConfigRule): ConfigRule =>
    (value) =>
      value === undefined || value === null ? undefined : rule(value),
} as const

/**
 * Checks the `config` of a driver's entry.
 *
 * @param known a rule for every key there is
 * @throws TypeError with all mistakes, unknown keys among them
 */
export function checkConfig(config: unknown, known: Readonly<Record<string, ConfigRule>>): void {
  const mistakes = findMistakes(config, known)
  if (mistakes.length > 0) throw new TypeError(mistakes.join('; '))
}

/**
 * The mistakes of a config, or of an object inside one.
 *
 * @param place what stands in front of each key: `methods.ls.`
 */
export function findMistakes(
  config: unknown,
  known: Readonly<Record<string, ConfigRule>>,
  place = '',
): readonly string[] {
  const given = (config ?? {}) as Readonly<Record<string, unknown>>
  if (typeof given !== 'object' || Array.isArray(given)) {
    return [`${place.replace(/\.$/, '')} is ${JSON.stringify(config)}; it has to be an object`.trimStart()]
  }
  const wrong = Object.entries(known).flatMap(([key, rule]) => {
    const mistake = rule(Object.hasOwn(given, key) ? given[key] : undefined)
    return mistake === undefined ? [] : [`${place}${key} ${mistake}`]
  })
  const unknown = Object.keys(given).filter((key) => !Object.hasOwn(known, key))
  if (unknown.length > 0) {
    const keys = Object.keys(known).join(', ')
    wrong.push(`has unknown keys ${unknown.map((key) => place + key).join(', ')}; it can have ${keys}`)
  }
  return wrong
}

function isInteger(value: unknown, from: number, to: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= from && value <= to
}
