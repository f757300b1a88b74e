import { readFile } from 'node:fs/promises'
import type { Duplex } from 'node:stream'

import { type ConfigRule, findMistakes, rules, throwMistakes } from '../../base/check.ts'
import { Mistake } from '../../base/mistake.ts'
import type { CheckOptions, Requirement } from '../../base/requirement.ts'
import { fingerprintRule } from '../../base/ssh/host-key.ts'
import { SshConnection } from '../../base/ssh/ssh-connection.ts'
import { requireModule } from '../../driver-kit/requirements.ts'
import { HardwareError, messageOf } from '../../errors.ts'
import type { Implementation } from '../../interfaces/define.ts'
import { SshHost, sshHostKeyLabel } from '../../interfaces/ssh-host.ts'
import { callSignal } from '../../runtime/call.ts'
import { Driver } from '../../runtime/driver.ts'

/** The command of Jumpstarter's clients, which run the program ssh. */
const defaultCommand = 'ssh -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR'

/** The config of {@link SSHWrapper}. Clients of the exporter can read the private key and the password. */
export interface SSHWrapperConfig {
  /** The user for clients that give none (default: none). */
  readonly default_username?: string | undefined
  /** The program and options that Jumpstarter's clients run. The clients of this package speak SSH themselves and do not use it. */
  readonly ssh_command?: string | undefined
  /** The private key, in the format of OpenSSH or PEM, without passphrase. */
  readonly ssh_identity?: string | undefined
  /** The path of a file with the private key. It is read whenever a client asks for it. */
  readonly ssh_identity_file?: string | undefined
  /** The user's password. Jumpstarter's clients do not know it. */
  readonly password?: string | undefined
  /** The fingerprint of the host's key, as `ssh-keygen -l` prints it: `SHA256:…` (default: any key is accepted). */
  readonly host_key?: string | undefined
}

/** The drivers below {@link SSHWrapper}. */
export interface SSHWrapperChildren {
  /** The connection to the host's SSH port, such as a `TcpNetwork`. */
  readonly tcp: Driver
}

/** A rule for a text that no message may show. */
const secret: ConfigRule = (value) =>
  typeof value === 'string' && value !== '' ? undefined : 'has a wrong value; it has to be a text'

/**
 * A machine with an SSH server, which is reached through the driver `tcp` below. This driver gives clients the user and what
 * proves it; the clients log in through the exporter. Our client needs the package ssh2, Jumpstarter's the program ssh.
 *
 * @example
 * ```yaml
 * export:
 *   ssh:
 *     type: jumpstarter_driver_ssh.driver.SSHWrapper
 *     config: { default_username: root, ssh_identity_file: /etc/lab/board.key }
 *     children:
 *       tcp: { type: jumpstarter_driver_network.driver.TcpNetwork, config: { host: 10.0.0.7, port: 22 } }
 * ```
 */
export class SSHWrapper extends Driver implements Implementation<typeof SshHost> {
  static readonly interface = SshHost
  static readonly configRules = {
    default_username: rules.optional(rules.text),
    ssh_command: rules.optional(rules.text),
    ssh_identity: rules.optional(secret),
    ssh_identity_file: rules.optional(rules.text),
    password: rules.optional(secret),
    host_key: rules.optional(fingerprintRule),
  }
  static readonly requiredChildren = ['tcp']
  override readonly children: Readonly<Record<string, Driver>>
  readonly #config: SSHWrapperConfig

  /**
   * @param children the driver below, for a tree that is made in code
   * @throws TypeError with all mistakes of the config
   */
  constructor(config: SSHWrapperConfig = {}, children?: SSHWrapperChildren) {
    super()
    const mistakes = [...findMistakes(config, SSHWrapper.configRules)]
    if (config.ssh_identity && config.ssh_identity_file) {
      mistakes.push(new Mistake(['ssh_identity_file'], 'is given besides ssh_identity; leave one out'))
    }
    throwMistakes(mistakes)
    this.#config = config
    this.children = { ...children }
    if (config.host_key) this.labels[sshHostKeyLabel] = config.host_key
  }

  /** Looks for the package ssh2, which consoles over this driver need, and tries to read the file of the private key. */
  static async check(config: SSHWrapperConfig, _options: CheckOptions): Promise<readonly Requirement[]> {
    const ssh2 = requireModule('ssh2', () => import('ssh2'))
    const path = config.ssh_identity_file
    if (!path) return [await ssh2]
    const key = new SSHWrapper(config).getSshIdentity().then(
      () => ({ name: path, isMet: true }),
      (error: unknown) => ({ name: path, isMet: false, found: messageOf(error), cure: 'correct ssh_identity_file' }),
    )
    return Promise.all([ssh2, key])
  }

  getDefaultUsername() {
    return this.#config.default_username ?? ''
  }

  getSshCommand() {
    return this.#config.ssh_command ?? defaultCommand
  }

  /** @throws HardwareError DEVICE_IO when the file of the private key cannot be read */
  async getSshIdentity(): Promise<string | null> {
    const { ssh_identity: identity, ssh_identity_file: file } = this.#config
    if (!file) return identity ?? null
    try {
      return await readFile(file, 'utf8')
    } catch (cause) {
      const message = `Cannot read ssh_identity_file '${file}': ${messageOf(cause)}`
      throw new HardwareError('DEVICE_IO', message, { cause, origin: 'lab' })
    }
  }

  getSshPassword() {
    return this.#config.password ?? null
  }

  /**
   * Logs in, for a driver that uses this one. Clients cannot call it.
   *
   * @throws HardwareError EXPORTER_CONFIG_INVALID without a user, or without a connection below; DEVICE_IO with origin `lab` when
   *   the host cannot be reached; see {@link SshConnection.open}
   */
  async openConnection(): Promise<SshConnection> {
    const { default_username: username, password, host_key: hostKey } = this.#config
    const name = `the SSH host${username ? ` of ${username}` : ''}`
    if (!username) throw new HardwareError('EXPORTER_CONFIG_INVALID', `${name} needs default_username in its config`)
    const signal = callSignal()
    const privateKey = await this.getSshIdentity()
    const credentials = { username, password, hostKey, privateKey: privateKey ?? undefined }
    return SshConnection.open(() => this.#connect(), credentials, { name, signal })
  }

  async #connect(): Promise<Duplex> {
    const tcp: Partial<Driver & { connect(): Duplex | Promise<Duplex> }> | undefined = this.children['tcp']
    if (tcp?.connect !== undefined) return tcp.connect()
    const what = tcp === undefined ? 'has no driver tcp below it' : 'has a driver tcp that is no network'
    throw new HardwareError('EXPORTER_CONFIG_INVALID', `The SSH host ${what}`)
  }
}
