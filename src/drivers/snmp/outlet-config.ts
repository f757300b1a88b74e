import { findMistakes, isRecord, ruleFor, rules } from '../../base/check.ts'
import { ConfigError, Mistake } from '../../base/mistake.ts'
import { findKeyMistakes, oidRule, type SnmpUserConfig, snmpUserRules } from './config.ts'
import { oidsOf, type SnmpMeasure, type SnmpModel, snmpModels, type SnmpOids, type SnmpWrite } from './models.ts'

/** The config of {@link SnmpOutlet}: a known `model` and the `outlet`, or the OIDs of the outlet. */
export interface SnmpOutletConfig extends Omit<SnmpUserConfig, 'user'> {
  /** The version of SNMP (default `2c`). */
  readonly version?: 1 | '1' | '2c' | 3 | '3' | undefined
  /** The community of version 1 and 2c that may write (default `private`). */
  readonly community?: string | undefined
  /** The user of version 3. */
  readonly user?: string | undefined
  /** The name of a known device. */
  readonly model?: SnmpModel | undefined
  /** The number of the outlet of a known device, or several with dots between: `1.1.4`. */
  readonly outlet?: number | string | undefined
  /** The value that switches the outlet of another device on, with the whole OID. */
  readonly on?: SnmpWrite | undefined
  /** The value that switches it off. */
  readonly off?: SnmpWrite | undefined
  /** The place of the volts. */
  readonly voltage?: SnmpMeasure | undefined
  /** The place of the amperes. */
  readonly current?: SnmpMeasure | undefined
}

const { optional, text, object, oneOf, count, secret } = rules

/** YAML has numbers for some of the texts. */
const textOf = (value: unknown) => (typeof value === 'string' || typeof value === 'number' ? String(value) : '')

/** The rules for the config, key by key. */
export const snmpOutletRules = {
  ...snmpUserRules,
  version: optional(ruleFor('1, 2c or 3', (value) => /^(?:1|2c|3)$/.test(textOf(value)))),
  community: optional(secret),
  user: optional(text),
  model: optional(oneOf(...snmpModels)),
  outlet: optional(
    ruleFor('a number, or numbers with dots between such as 1.1.4', (value) => /^\d+(?:\.\d+)*$/.test(textOf(value))),
  ),
  on: optional(object),
  off: optional(object),
  voltage: optional(object),
  current: optional(object),
}

const integer = ruleFor('a whole number', (value) => Number.isInteger(value))
const placeRules = {
  on: { oid: oidRule, value: integer },
  off: { oid: oidRule, value: integer },
  voltage: { oid: oidRule, divisor: optional(count) },
  current: { oid: oidRule, divisor: optional(count) },
}

/**
 * Checks a config.
 *
 * @returns the OIDs of its outlet
 * @throws TypeError with all mistakes
 */
export function readSnmpOutletConfig(config: SnmpOutletConfig): SnmpOids {
  const mistakes = [...findMistakes(config, snmpOutletRules), ...findKeyMistakes(config)]
  // `null` in YAML is a key that is left out.
  const given: Partial<SnmpOutletConfig> = Object.fromEntries(
    Object.entries(config ?? {}).filter(([, value]) => value !== null),
  )
  const { version, user, model, outlet, on, off, voltage, current } = given
  for (const [key, known] of Object.entries(placeRules)) {
    const place: unknown = given[key as keyof typeof placeRules]
    if (isRecord(place)) mistakes.push(...findMistakes(place, known, [key]))
  }
  if (textOf(version) === '3' && user === undefined) {
    mistakes.push(new Mistake(['user'], 'is missing; version 3 needs it'))
  }
  const isOwn = model === undefined && outlet === undefined && on !== undefined && off !== undefined
  const isKnown = model !== undefined && outlet !== undefined && on === undefined && off === undefined
  const oids = isOwn ? () => ({ on, off }) : isKnown ? () => oidsOf(model, outlet) : undefined
  if (oids === undefined) {
    mistakes.push(new Mistake([], 'needs either model and outlet, or on and off with their OIDs'))
  }
  if (oids === undefined || mistakes.length > 0) throw new ConfigError(mistakes)
  return { ...oids(), ...(voltage && { voltage }), ...(current && { current }) }
}
