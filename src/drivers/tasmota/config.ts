import { findMistakes, ruleFor, rules, throwMistakes } from '../../base/check.ts'
import { Mistake } from '../../base/mistake.ts'

/** The ways to a broker, as Jumpstarter's driver names them. */
const transports = ['tcp', 'websockets', 'unix'] as const

/** The config of {@link TasmotaPower}, with the keys of Jumpstarter's driver and `tls_ca`. */
export interface TasmotaConfig {
  /** The host of the broker, or the path of its socket for the transport `unix`. */
  readonly host: string
  /** Default 1883. */
  readonly port?: number | undefined
  /** The way to the broker (default `tcp`). WebSockets have the path `/mqtt`. */
  readonly transport?: (typeof transports)[number] | undefined
  /** Encrypt the connection (default true). A unix socket has no encryption. */
  readonly tls?: boolean | undefined
  /** A file with the certificates of authorities that sign the broker's one, in PEM (default: those that Node.js knows). */
  readonly tls_ca?: string | undefined
  /** The name of this client for the broker (default: a random one). */
  readonly client_id?: string | undefined
  readonly username?: string | undefined
  readonly password?: string | undefined
  /** The topic of commands to the plug: `cmnd/plug/POWER`. */
  readonly cmnd_topic: string
  /** The topic on which the plug tells its state: `stat/plug/POWER`. */
  readonly stat_topic: string
  /** The longest that connecting, and the plug's answer, may take, in seconds (default 10). */
  readonly timeout?: number | undefined
}

const topic = ruleFor(
  'a topic without wildcards, such as cmnd/plug/POWER',
  (value) => typeof value === 'string' && /^[^#+\0]+$/.test(value),
)

const { optional, text, port, flag, secret, seconds, oneOf } = rules

/** The rules for the config, key by key. */
export const tasmotaRules = {
  host: text,
  port: optional(port),
  transport: optional(oneOf(...transports)),
  tls: optional(flag),
  tls_ca: optional(text),
  client_id: optional(text),
  username: optional(text),
  password: optional(secret),
  cmnd_topic: topic,
  stat_topic: topic,
  timeout: optional(seconds),
}

/** @throws TypeError with all mistakes of a config */
export function checkTasmotaConfig(config: TasmotaConfig): void {
  const mistakes = [...findMistakes(config, tasmotaRules)]
  const { username, password } = config ?? {}
  if ((password ?? '') !== '' && (username ?? '') === '') {
    mistakes.push(new Mistake(['username'], 'is missing; password needs it'))
  }
  throwMistakes(mistakes)
}
