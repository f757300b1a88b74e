import { lookup } from 'node:dns/promises'
import type { Session, User, Varbind } from 'net-snmp'

import { onAbort } from '../../base/abort.ts'
import { Mutex } from '../../base/mutex.ts'
import { loadOptionalModule } from '../../base/optional-module.ts'
import type { Requirement } from '../../base/requirement.ts'
import { withTimeLimit } from '../../base/time-limit.ts'
import { requireModule } from '../../driver-kit/requirements.ts'
import { HardwareError, messageOf } from '../../errors.ts'
import type { SnmpUserConfig } from './config.ts'

/** sysDescr, the description of a device (RFC 3418, section 2). */
const descriptionOid = '1.3.6.1.2.1.1.1.0'
/** The longest time between two tries, in milliseconds. UDP may lose a message, and all messages of this file may come twice. */
const longestTryMs = 1_000
const neverAborted = new AbortController().signal

/** The place of a device and the credentials: a user of SNMPv3, or a community of SNMPv1 or v2c. */
export type SnmpAccess =
  | (SnmpUserConfig & { readonly version?: '3' | undefined })
  | (Pick<SnmpUserConfig, 'host' | 'port' | 'timeout'> & {
      readonly version: '1' | '2c'
      readonly community: string
    })

type Snmp = typeof import('net-snmp')
type Ask = (session: Session, done: (error: Error | null, varbinds?: Varbind[]) => void) => void

/**
 * A device that speaks SNMP. It gets one request after another, because the last one has to win. Each has a socket of its own, so
 * that a device that was away is reached again.
 */
export class SnmpDevice {
  /** The address in messages: `10.0.0.5:161`. */
  readonly address: string
  readonly #access: SnmpAccess
  readonly #requests = new Mutex()

  constructor(access: SnmpAccess) {
    this.#access = access
    this.address = `${access.host}:${access.port ?? 161}`
  }

  /**
   * Writes an integer.
   *
   * @throws HardwareError of origin `lab`: DEVICE_IO, UNAUTHENTICATED, CALL_TIMEOUT; MODULE_MISSING; the signal's reason
   */
  async set(oid: string, value: number, signal: AbortSignal): Promise<void> {
    const snmp = await loadSnmp()
    const varbinds = [{ oid: withoutDot(oid), type: snmp.ObjectType.Integer, value }]
    await this.#request(snmp, (session, done) => session.set(varbinds, done), signal)
  }

  /**
   * Reads a value, as a text.
   *
   * @throws the errors of {@link set}
   */
  async get(oid: string, signal: AbortSignal): Promise<string> {
    const snmp = await loadSnmp()
    const [varbind] = await this.#request(snmp, (session, done) => session.get([withoutDot(oid)], done), signal)
    if (varbind !== undefined && !snmp.isVarbindError(varbind)) return String(varbind.value)
    const why = varbind === undefined ? 'an answer without value' : snmp.varbindError(varbind)
    // SNMP 1 has an error for this, and later versions a value.
    const cause = new snmp.RequestFailedError(why, snmp.ErrorStatus.NoSuchName)
    throw failure('DEVICE_IO', `${this.address} has no ${oid}: ${why}`, cause)
  }

  /** Says if the package is installed, and if the device answers. */
  async check(signal: AbortSignal | undefined): Promise<readonly Requirement[]> {
    const installed = await requireModule('net-snmp', loadSnmp)
    if (!installed.isMet) return [installed]
    const name = `SNMP at ${this.address}`
    try {
      return [installed, { name, isMet: true, found: await this.get(descriptionOid, signal ?? neverAborted) }]
    } catch (error) {
      // A device may hide its description, and answers all the same.
      const cause: unknown = error instanceof HardwareError ? error.cause : undefined
      if (cause instanceof Error && cause.name === 'RequestFailedError') return [installed, { name, isMet: true }]
      const cure = 'check the address, the credentials, and that the device accepts requests of this machine'
      return [installed, { name, isMet: false, found: messageOf(error), cure }]
    }
  }

  #request(snmp: Snmp, ask: Ask, signal: AbortSignal): Promise<readonly Varbind[]> {
    return this.#requests.run(() => this.#ask(snmp, ask, signal), { signal })
  }

  #ask(snmp: Snmp, ask: Ask, signal: AbortSignal): Promise<readonly Varbind[]> {
    const { host, timeout, version = '3' } = this.#access
    // Devices do not answer what they cannot read, or whom they do not know.
    const hint = 'community' in this.#access ? 'check the community' : 'check priv_key'
    const name = `a request of SNMP ${version} to ${this.address} (${hint}, if the device is on)`
    const limit = { name, timeoutMs: (timeout ?? 5) * 1000, signal, origin: 'lab' } as const
    return withTimeLimit(limit, async (ended) => {
      const { address, family } = await lookup(host).catch((cause: unknown) => {
        throw failure('DEVICE_IO', `Cannot reach ${this.address}: ${messageOf(cause)}`, cause)
      })
      ended.throwIfAborted()
      const session = this.#open(snmp, address, family === 6 ? 'udp6' : 'udp4', limit.timeoutMs)
      // A message that is none of SNMP, from anybody.
      session.on('error', () => undefined)
      const { promise, resolve, reject } = Promise.withResolvers<readonly Varbind[]>()
      const stopListening = onAbort(ended, () => reject(ended.reason))
      try {
        ask(session, (error, varbinds = []) =>
          error === null ? resolve(varbinds) : reject(this.#explain(snmp, error)),
        )
        return await promise
      } finally {
        stopListening()
        session.close()
      }
    })
  }

  #open(snmp: Snmp, address: string, transport: 'udp4' | 'udp6', timeoutMs: number): Session {
    const access = this.#access
    // The time limit of the request ends the tries.
    const tries = { retries: Infinity, timeout: Math.min(timeoutMs / 3, longestTryMs), backoff: 1 }
    const options = { port: access.port ?? 161, transport, ...tries }
    if (!('community' in access)) return snmp.createV3Session(address, userOf(snmp, access), options)
    const version = access.version === '1' ? snmp.Version1 : snmp.Version2c
    return snmp.createSession(address, access.community, { ...options, version })
  }

  #explain(snmp: Snmp, error: Error): HardwareError {
    const { code, status } = error as { code?: number | string; status?: number }
    if (code === 'ERR_OSSL_EVP_UNSUPPORTED') {
      const cure = 'give the device a user with AES, or start Node.js with NODE_OPTIONS=--openssl-legacy-provider'
      return failure('NOT_IMPLEMENTED', `OpenSSL does not encrypt with DES any more: ${cure}`, error)
    }
    const { EAuthFailure, ECouldNotDecrypt } = snmp.ResponseInvalidCode
    const isRefused =
      error instanceof snmp.ResponseInvalidError
        ? code === EAuthFailure || code === ECouldNotDecrypt
        : status === snmp.ErrorStatus.AuthorizationError
    // Without its cause, which has the keys of the user.
    if (isRefused) return failure('UNAUTHENTICATED', `${this.address} refuses the user: ${error.message}`)
    const what = status === undefined ? `Cannot talk to ${this.address}` : `${this.address} refuses`
    return failure('DEVICE_IO', `${what}: ${error.message}`, error)
  }
}

/** The user for the package: RFC 3414, section 1.4 has the three levels of security. */
function userOf({ SecurityLevel, AuthProtocols, PrivProtocols }: Snmp, config: SnmpUserConfig): User {
  const { user: name, auth_key, priv_key } = config
  const auth = config.auth_protocol ?? 'NONE'
  const priv = config.priv_protocol ?? 'NONE'
  if (auth === 'NONE') return { name, level: SecurityLevel.noAuthNoPriv }
  const digest = { authProtocol: AuthProtocols[keyOf(auth)], authKey: auth_key ?? '' }
  if (priv === 'NONE') return { name, level: SecurityLevel.authNoPriv, ...digest }
  const encryption = { privProtocol: PrivProtocols[keyOf(priv)], privKey: priv_key ?? '' }
  return { name, level: SecurityLevel.authPriv, ...digest, ...encryption }
}

function keyOf<Name extends string>(name: Name): Lowercase<Name> {
  return name.toLowerCase() as Lowercase<Name>
}

function loadSnmp(): Promise<Snmp> {
  return loadOptionalModule('net-snmp', 'A driver for SNMP', async () => (await import('net-snmp')).default)
}

function withoutDot(oid: string): string {
  return oid.replace(/^\./, '')
}

function failure(
  code: 'DEVICE_IO' | 'NOT_IMPLEMENTED' | 'UNAUTHENTICATED',
  message: string,
  cause?: unknown,
): HardwareError {
  return new HardwareError(code, message, { cause, origin: 'lab' })
}
