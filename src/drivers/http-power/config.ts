import { type ConfigRule, findMistakes, isRecord, ruleFor, rules, throwMistakes } from '../../base/check.ts'

/** One request of {@link HttpPowerConfig}. */
export interface HttpPowerRequest {
  /** The URL, `http` or `https`. A user and a password in it are sent as basic authentication. */
  readonly url: string
  /** The method of HTTP (default `GET`). */
  readonly method?: string | undefined
  /** The body. Only POST, PUT and PATCH send it, as with Jumpstarter's driver; it has no content type. */
  readonly data?: string | undefined
}

/** The request that measures. Its answer is JSON. */
export interface HttpPowerReadRequest extends HttpPowerRequest {
  /** The place of the volts in the answer, with dots: `meters.0.voltage` (default `voltage`, and 0 V where that is missing). */
  readonly voltage_path?: string | undefined
  /** The place of the amperes in the answer, with dots (default `current`, and 0 A where that is missing). */
  readonly current_path?: string | undefined
}

/** The config of {@link HttpPower}, with the keys of Jumpstarter's driver and `timeout`. */
export interface HttpPowerConfig {
  /** The name of the device in messages (default `device`). */
  readonly name?: string | undefined
  readonly power_on: HttpPowerRequest
  readonly power_off: HttpPowerRequest
  /** Without it, `read` fails. */
  readonly power_read?: HttpPowerReadRequest | undefined
  readonly auth?: HttpPowerAuth | undefined
  /** The longest that one request may take, redirects included, in seconds (default 10). */
  readonly timeout?: number | undefined
}

/** The credentials for all requests. */
export interface HttpPowerAuth {
  readonly basic?: HttpPowerCredentials | undefined
}

/** A user and a password, both empty by default. */
export interface HttpPowerCredentials {
  readonly user?: string | undefined
  readonly password?: string | undefined
}

const { optional, text, object, seconds, secret } = rules

/** The rules for the config, key by key. */
export const httpPowerRules = {
  name: optional(text),
  power_on: object,
  power_off: object,
  power_read: optional(object),
  auth: optional(object),
  timeout: optional(seconds),
}

/** A URL may have a password in it, so that no message shows it. */
const url: ConfigRule = (value) =>
  typeof value === 'string' && /^https?:$/.test(URL.parse(value)?.protocol ?? '')
    ? undefined
    : 'is missing, or is no URL that begins with http:// or https://'

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']

const requestRules = {
  url,
  method: optional(
    ruleFor(methods.join(' or '), (value) => typeof value === 'string' && methods.includes(value.toUpperCase())),
  ),
  data: optional(secret),
  voltage_path: optional(text),
  current_path: optional(text),
}

/** The credentials of a config, where they are objects. */
const credentialRules = { user: optional(secret), password: optional(secret) }

/** @throws TypeError with all mistakes of a config */
export function checkHttpPowerConfig(config: HttpPowerConfig): void {
  const mistakes = [...findMistakes(config, httpPowerRules)]
  for (const key of ['power_on', 'power_off', 'power_read'] as const) {
    const request: unknown = config?.[key]
    if (isRecord(request)) mistakes.push(...findMistakes(request, requestRules, [key]))
  }
  const { auth } = config ?? {}
  if (isRecord(auth)) {
    mistakes.push(...findMistakes(auth, { basic: optional(object) }, ['auth']))
    if (isRecord(auth.basic)) mistakes.push(...findMistakes(auth.basic, credentialRules, ['auth', 'basic']))
  }
  throwMistakes(mistakes)
}
