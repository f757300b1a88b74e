import type { Readable, Writable } from 'node:stream'

import { anySignal, cancelledError } from '../../base/abort.ts'
import { retry } from '../../base/retry.ts'
import { fingerprintRule } from '../../base/ssh/host-key.ts'
import { SshConnection } from '../../base/ssh/ssh-connection.ts'
import type { SshCredentials } from '../../base/ssh/ssh-credentials.ts'
import type { SshProcess } from '../../base/ssh/ssh-process.ts'
import type { WaitOptions } from '../../base/wait-options.ts'
import { withoutUndefined } from '../../base/without-undefined.ts'
import { HardwareError, messageOf } from '../../errors.ts'
import { SshHost, sshHostKeyLabel } from '../../interfaces/ssh-host.ts'
import { childOf } from '../child.ts'
import { labelOf } from '../client-node.ts'
import { DriverClient } from '../driver-client.ts'
import { forwardTcp, type ForwardTcpOptions, type TcpForward } from '../forward-tcp.ts'
import { SharedConnection } from '../ssh/shared-connection.ts'
import { commandText, type SshCommand, type SshResult } from '../ssh/ssh-command.ts'
import { type SshExecOptions, SshSession, type SshUploadOptions } from '../ssh/ssh-session.ts'
import type { SshLogin, SshTarget } from '../ssh/types.ts'
import { NetworkClient } from './network-client.ts'

export type { SshEnd, SshProcess } from '../../base/ssh/ssh-process.ts'
export { type SshCommand, SshCommandError, type SshResult } from '../ssh/ssh-command.ts'
export type { SshExecOptions, SshSession, SshUploadOptions } from '../ssh/ssh-session.ts'
export type { SshLogin, SshTarget } from '../ssh/types.ts'

/** The time limit of {@link SshClient.waitUntilReachable}, in milliseconds. */
const reachableTimeoutMs = 120_000
/** The longest that one attempt to reach the host may take, in milliseconds. */
const attemptTimeoutMs = 10_000

/**
 * A machine with an SSH server: commands with their streams, files, and ports behind it. Needs the package ssh2. Each call makes a
 * connection through the exporter, so that the state of the machine before it does not matter; {@link SshClient.open} keeps one for
 * many commands.
 *
 * **The host's key.** A known fingerprint is compared with that of the host, and another key is an error: `host_key` in the
 * exporter's file, or `as({ hostKey })`. Without one any key is accepted, as Jumpstarter's driver does, because boards have a new
 * key whenever they are flashed, and the connection leads through the exporter to the machine that the lab has named.
 *
 * **Commands.** A text is read by a shell on the host; a list of a program and its arguments reaches the program unchanged.
 *
 * @example
 * ```ts
 * await dut.ssh.waitUntilReachable()
 * const { stdout, exitCode } = await dut.ssh.exec(['grep', '-c', pattern, '/proc/cpuinfo'])
 * await dut.ssh.as({ username: 'root' }).upload('./app', '/usr/bin/app', { mode: 0o755 })
 * await using web = await dut.ssh.forward({ port: 8080 })
 * ```
 */
export class SshClient extends DriverClient<typeof SshHost> {
  static readonly interface = SshHost
  /** The login of {@link as}. */
  protected readonly login: SshLogin = {}

  /**
   * The connection to the host's SSH port.
   *
   * @throws HardwareError DRIVERS_MISMATCH when the exporter has none there
   */
  get tcp(): NetworkClient {
    return childOf(this, 'tcp', NetworkClient, this.options)
  }

  /** Reads the name of the driver's user; empty if it has none. */
  username(): Promise<string> {
    return this.call('getDefaultUsername')
  }

  /**
   * Returns the same client with another login. A private key or a password takes the place of those of the driver.
   *
   * @throws HardwareError ARGUMENT_INVALID for a `hostKey` that is no fingerprint
   * @example
   * ```ts
   * await dut.ssh.as({ username: 'root', password: process.env.BOARD_PASSWORD }).exec('id')
   * ```
   */
  as(login: SshLogin): this {
    const mistake = login.hostKey === undefined ? undefined : fingerprintRule(login.hostKey)
    if (mistake !== undefined) throw new HardwareError('ARGUMENT_INVALID', `${this.label}: hostKey ${mistake}`)
    const other: this = Object.create(this)
    return Object.defineProperty(other, 'login', { value: { ...this.login, ...login } })
  }

  /**
   * Logs in, and keeps the connection for many commands.
   *
   * @throws HardwareError UNAUTHENTICATED if the host refuses the user, or has another key than the known one; DEVICE_IO if it
   *   cannot be reached
   * @example
   * ```ts
   * await using session = await dut.ssh.open()
   * for (const name of names) await session.execOrThrow(['systemctl', 'is-active', name])
   * ```
   */
  async open(options: WaitOptions = {}): Promise<SshSession> {
    const client = this.limited(options)
    return new SshSession(await client.connectSsh(), () => client.limits())
  }

  /** Runs a command to its end; see {@link SshSession.exec}. */
  exec(command: SshCommand, options: SshExecOptions = {}): Promise<SshResult> {
    return this.use(options, (session) => session.exec(command, options))
  }

  /** Runs a command to its end, and throws if it fails; see {@link SshSession.execOrThrow}. */
  execOrThrow(command: SshCommand, options: SshExecOptions = {}): Promise<string> {
    return this.use(options, (session) => session.execOrThrow(command, options))
  }

  /**
   * Starts a command, and gives its streams. The limits are those of the start; the command may run for longer. Dispose of the
   * process to close its connection; that also happens when it has ended and its output has been read.
   */
  async spawn(command: SshCommand, options: WaitOptions = {}): Promise<SshProcess> {
    const text = commandText(command)
    const client = this.limited(options)
    const connection = await client.connectSsh()
    const release = () => connection[Symbol.asyncDispose]()
    try {
      const process = await connection.run(text, { ...client.limits(), release })
      process.stdout.once('close', () => void release())
      return process
    } catch (error) {
      await release()
      throw error
    }
  }

  /** Writes a file on the host; see {@link SshSession.upload}. */
  upload(source: string | Uint8Array | Readable, path: string, options: SshUploadOptions = {}): Promise<void> {
    return this.use(options, (session) => session.upload(source, path, options))
  }

  /** Reads a file of the host; see {@link SshSession.download}. */
  download(path: string, target: string | Writable, options: WaitOptions = {}): Promise<void> {
    return this.use(options, (session) => session.download(path, target, options))
  }

  /**
   * Makes a port behind the host reachable for this process and for other programs: each connection to a local port becomes one
   * from the host to the target. All share one login, which is made on first use and again after it was lost.
   *
   * @throws HardwareError ARGUMENT_INVALID when the local port cannot be used
   */
  async forward({ host = '127.0.0.1', port }: SshTarget, options: ForwardTcpOptions = {}): Promise<TcpForward> {
    const { signal: outer, timeoutMs } = this.limits()
    // The listener logs in later, outside of the test's limits.
    const client = this.with({ signal: outer, timeoutMs })
    const shared = new SharedConnection(() => client.connectSsh())
    const open = async (signal: AbortSignal) => {
      const connection = await shared.use(signal)
      return connection.tunnel(host, port, { signal: anySignal(signal, outer) })
    }
    const forward = await forwardTcp(open, options)
    return {
      ...forward,
      async [Symbol.asyncDispose]() {
        await forward[Symbol.asyncDispose]()
        await shared[Symbol.asyncDispose]()
      },
    }
  }

  /**
   * Waits until a login succeeds, for example after a reboot. Every failure of the host is tried again, a refused login too: a
   * system that boots refuses its users for a while.
   *
   * @param options.timeoutMs the time limit, in milliseconds (default 120 000, or the rest of the test's time if that is less)
   * @throws HardwareError CALL_TIMEOUT with the last failure
   */
  async waitUntilReachable(options: WaitOptions = {}): Promise<void> {
    const limits = this.limited(options).limits(reachableTimeoutMs)
    const timeoutMs = Math.min(limits.timeoutMs, options.timeoutMs ?? reachableTimeoutMs)
    const isRetryable = (error: unknown) => error instanceof HardwareError && hostFailures.has(error.code)
    try {
      await retry(
        () => this.use({ signal: limits.signal, timeoutMs: Math.min(timeoutMs, attemptTimeoutMs) }, noCommand),
        {
          ...{ firstWaitMs: 100, maxWaitMs: 2_000 },
          ...{ timeoutMs, signal: limits.signal, isRetryable },
        },
      )
    } catch (error) {
      if (limits.signal?.aborted === true) throw cancelledError(`the wait for ${this.label}`, limits.signal)
      if (!isRetryable(error)) throw error
      const message = `${this.label} was not reachable within ${timeoutMs} ms: ${messageOf(error)}`
      throw new HardwareError('CALL_TIMEOUT', message, { cause: error, details: { limitMs: timeoutMs } })
    }
  }

  /** The name of the host in errors. */
  private get label(): string {
    return labelOf(this.node, 'ssh')
  }

  private async use<T>(options: WaitOptions, run: (session: SshSession) => Promise<T>): Promise<T> {
    await using session = await this.open(options)
    return await run(session)
  }

  /** This client with those limits that are given. */
  private limited({ signal, timeoutMs }: WaitOptions): this {
    return this.with(withoutUndefined({ signal, timeoutMs }))
  }

  /** Logs in, over a connection of the driver's `tcp`. */
  private async connectSsh(): Promise<SshConnection> {
    const { signal, timeoutMs } = this.limits()
    const credentials = await this.credentials()
    const limit = Math.min(timeoutMs, 2 * attemptTimeoutMs)
    return SshConnection.open(() => this.tcp.connect(), credentials, { name: this.label, signal, timeoutMs: limit })
  }

  private async credentials(): Promise<SshCredentials> {
    const given = this.login
    const isGiven = given.privateKey !== undefined || given.password !== undefined
    const [username, privateKey, password] = await Promise.all([
      given.username ?? this.username(),
      isGiven ? given.privateKey : this.call('getSshIdentity'),
      isGiven ? given.password : this.driverPassword(),
    ])
    if (username === '') {
      const message = `${this.label}: the driver's config names no default_username: give one with as({ username })`
      throw new HardwareError('ARGUMENT_INVALID', message)
    }
    const { passphrase, hostKey = this.labels[sshHostKeyLabel] } = given
    return { username, privateKey: privateKey ?? undefined, password: password ?? undefined, passphrase, hostKey }
  }

  /** Reads the password. Jumpstarter's driver has none. */
  private async driverPassword(): Promise<string | null> {
    return this.call('getSshPassword').catch((error: unknown) => {
      if (error instanceof HardwareError && error.code === 'METHOD_NOT_FOUND') return null
      throw error
    })
  }
}

/** The codes of failures that may be over in the next moment. */
const hostFailures: ReadonlySet<string> = new Set(['CALL_FAILED', 'CALL_TIMEOUT', 'DEVICE_IO', 'UNAUTHENTICATED'])

const noCommand = async () => undefined
