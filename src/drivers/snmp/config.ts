import { findMistakes, isInteger, isRecord, ruleFor, rules, throwMistakes } from '../../base/check.ts'
import { Mistake } from '../../base/mistake.ts'

/** The protocols of SNMPv3 for the digest of a message, as Jumpstarter's driver names them, and those of RFC 7860. */
const authProtocols = ['NONE', 'MD5', 'SHA', 'SHA256', 'SHA512'] as const
/** The protocols of SNMPv3 for the encryption of a message, as Jumpstarter's driver names them. `AES` has 128 bits (RFC 3826). */
const privProtocols = ['NONE', 'DES', 'AES'] as const

/** The place of a device, and the credentials of a user of SNMPv3. */
export interface SnmpUserConfig {
  readonly host: string
  /** Default 161. */
  readonly port?: number | undefined
  readonly user: string
  /** The digest of messages (default `NONE`). */
  readonly auth_protocol?: (typeof authProtocols)[number] | undefined
  /** The password for the digest. */
  readonly auth_key?: string | undefined
  /** The encryption of messages (default `NONE`). It needs a digest. `DES` needs NODE_OPTIONS=--openssl-legacy-provider. */
  readonly priv_protocol?: (typeof privProtocols)[number] | undefined
  /** The password for the encryption. */
  readonly priv_key?: string | undefined
  /** The longest that the device may take to answer, in seconds (default 5). */
  readonly timeout?: number | undefined
}

/** A rule for an OID in numbers: `1.3.6.1.4.1.318.1.1.12.3.3.1.1.4`. */
export const oidRule = ruleFor(
  'an OID in numbers, such as 1.3.6.1.4.1.318.1.1.12.3.3.1.1.4',
  (value) => typeof value === 'string' && /^\.?\d+(?:\.\d+)+$/.test(value),
)

const { optional, text, port, seconds, secret, oneOf } = rules

/** The rules for the keys of {@link SnmpUserConfig}. */
export const snmpUserRules = {
  host: text,
  port: optional(port),
  user: text,
  auth_protocol: optional(oneOf(...authProtocols)),
  auth_key: optional(secret),
  priv_protocol: optional(oneOf(...privProtocols)),
  priv_key: optional(secret),
  timeout: optional(seconds),
}

/** Finds protocols without their keys. */
export function findKeyMistakes(config: unknown): readonly Mistake[] {
  if (!isRecord(config)) return []
  const isUsed = (name: 'auth' | 'priv') => (config[`${name}_protocol`] ?? 'NONE') !== 'NONE'
  const missing = (['auth', 'priv'] as const).filter((name) => isUsed(name) && !config[`${name}_key`])
  return [
    ...missing.map((name) => new Mistake([`${name}_key`], `is missing; ${name}_protocol needs it`)),
    ...(isUsed('priv') && !isUsed('auth')
      ? [new Mistake(['auth_protocol'], 'is missing; priv_protocol needs it')]
      : []),
  ]
}

/** The config of {@link SNMPServer}, with the keys of Jumpstarter's driver. */
export interface SNMPServerConfig extends SnmpUserConfig {
  /** The number of the outlet, which is added to `oid`. */
  readonly plug: number
  /** The OID of the outlets' column, which takes 1 for on and 0 for off (default: that of Raritan's PDU2-MIB). */
  readonly oid?: string | undefined
}

/** The rules for the config, key by key. */
export const snmpServerRules = {
  ...snmpUserRules,
  plug: ruleFor('a whole number, 0 or above', (value) => isInteger(value, 0, Number.MAX_SAFE_INTEGER)),
  oid: optional(oidRule),
}

/** @throws TypeError with all mistakes of a config */
export function checkSnmpServerConfig(config: SNMPServerConfig): void {
  throwMistakes([...findMistakes(config, snmpServerRules), ...findKeyMistakes(config)])
}
