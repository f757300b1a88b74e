import type { Duplex } from 'node:stream'

import type { Client, ClientChannel, ConnectConfig, PseudoTtyOptions } from 'ssh2'

import { HardwareError, messageOf } from '../../errors.ts'
import { anySignal, cancelledError } from '../abort.ts'
import { startTimer, stopTimer } from '../clock.ts'
import { loadOptionalModule } from '../optional-module.ts'
import { withTimeLimit } from '../time-limit.ts'
import type { WaitOptions } from '../wait-options.ts'
import { ChannelStream } from './channel-stream.ts'
import { explainFailure, explainUnreachable, hostKeyError } from './explain-failure.ts'
import { fingerprintOf, kindOf } from './host-key.ts'
import type { SshCredentials } from './ssh-credentials.ts'
import { SshProcess } from './ssh-process.ts'

/** The longest that a login, or an answer of the host, may take, in milliseconds. */
const answerTimeoutMs = 20_000
/** The longest wait for the end of a connection that is closed, in milliseconds. */
const closeTimeoutMs = 1_000

/** The size of a terminal. */
export interface Terminal {
  readonly columns: number
  readonly rows: number
  /** The value of `TERM` on the host. */
  readonly term: string
}

/** A connection to an SSH host, after the login. Dispose of it to close it with everything on it. */
export class SshConnection implements AsyncDisposable {
  /** The name of the host in errors. */
  readonly name: string
  readonly #client: Client
  readonly #stream: Duplex
  readonly #lost: AbortController
  #closing: Promise<void> | undefined

  private constructor(name: string, client: Client, stream: Duplex, lost: AbortController) {
    this.name = name
    this.#client = client
    this.#stream = stream
    this.#lost = lost
  }

  /** Is aborted when the connection has ended, with the error. */
  get lost(): AbortSignal {
    return this.#lost.signal
  }

  /**
   * Logs in.
   *
   * @param connect opens the connection to the host's SSH port. It is closed with this one, also if the login fails.
   * @param name the name of the host in errors
   * @throws HardwareError MODULE_MISSING without the package ssh2; ARGUMENT_INVALID for a private key that cannot be read;
   *   UNAUTHENTICATED if the host refuses the user, or has another key than the known one; DEVICE_IO if it cannot be reached (origin
   *   `lab`), is no SSH host or hangs up; CALL_TIMEOUT; the signal's reason
   */
  static async open(
    connect: () => Promise<Duplex>,
    credentials: SshCredentials,
    { name, signal, timeoutMs = answerTimeoutMs }: WaitOptions & { readonly name: string },
  ): Promise<SshConnection> {
    const stream = await connect().catch((error: unknown) => {
      throw signal?.aborted === true ? cancelledError(`the login on ${name}`, signal) : explainUnreachable(name, error)
    })
    const lost = new AbortController()
    let reason: HardwareError | undefined
    let client: Client | undefined
    try {
      const { Client: SshClient } = await loadOptionalModule('ssh2', name, () => import('ssh2'))
      client = new SshClient()
      const { promise: ready, resolve, reject } = Promise.withResolvers<void>()
      client.on('ready', resolve)
      client.on('error', (error) => reject((reason ??= explainFailure(name, error, credentials))))
      client.on('close', () => {
        reason ??= new HardwareError('DEVICE_IO', `${name} has closed the connection`)
        reject(reason)
        lost.abort(reason)
      })
      // A host that hangs up ends its half of the stream.
      stream.once('end', () => stream.destroy())
      const config = configOf(stream, credentials, (error) => (reason ??= hostKeyError(name, error)))
      answerPrompts(client, credentials.password ?? '')
      login(client, config, name)
      await withTimeLimit({ name: `the login on ${name}`, timeoutMs, signal }, () => ready)
      return new SshConnection(name, client, stream, lost)
    } catch (error) {
      client?.destroy()
      stream.destroy()
      throw signal?.aborted === true ? cancelledError(`the login on ${name}`, signal) : error
    }
  }

  /**
   * Starts a command.
   *
   * @param command is read by the user's shell on the host; `undefined` starts that shell to type at
   * @param options.terminal gives the command a terminal (default: none, only streams)
   * @param options.release is called when the process is disposed of
   */
  async run(
    command: string | undefined,
    { terminal, release, ...limits }: WaitOptions & { terminal?: Terminal; release?: () => Promise<void> } = {},
  ): Promise<SshProcess> {
    const pty: PseudoTtyOptions | false =
      terminal === undefined ? false : { cols: terminal.columns, rows: terminal.rows, term: terminal.term }
    const wrap = (channel: ClientChannel) => new SshProcess(channel, this.lost, release)
    return this.#request('starting a command', limits, wrap, (done) => {
      if (command === undefined) this.#client.shell(pty, done)
      else this.#client.exec(command, pty === false ? {} : { pty }, done)
    })
  }

  /** Opens a TCP connection from the host to another address, as the host sees it. */
  async tunnel(host: string, port: number, limits: WaitOptions = {}): Promise<Duplex> {
    const wrap = (channel: ClientChannel) => new ChannelStream(channel, this.lost)
    return this.#request(`connecting to ${host}:${port}`, limits, wrap, (done) => {
      this.#client.forwardOut('127.0.0.1', 0, host, port, done)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lost.abort(new HardwareError('DEVICE_IO', `The connection to ${this.name} has been closed`))
    this.#closing ??= this.#close()
    await this.#closing
  }

  async #close(): Promise<void> {
    const stream = this.#stream
    if (stream.destroyed) return
    const ended = new Promise<void>((resolve) => stream.once('close', resolve))
    const timer = startTimer(() => stream.destroy(), closeTimeoutMs)
    // The host has the farewell; it has no more to say.
    stream.once('finish', () => stream.destroy())
    this.#client.end()
    await ended
    stopTimer(timer)
  }

  /**
   * Opens a channel.
   *
   * @param wrap is called as soon as the channel is open: its first events may come in the same moment
   */
  async #request<T>(
    what: string,
    { signal, timeoutMs = answerTimeoutMs }: WaitOptions,
    wrap: (channel: ClientChannel) => T,
    start: (done: (error: Error | undefined, channel: ClientChannel) => void) => void,
  ): Promise<T> {
    const limit = { name: `${this.name}: ${what}`, timeoutMs, signal: anySignal(this.lost, signal) }
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    let isOver = false
    try {
      return await withTimeLimit(limit, async () => {
        start((error, channel) => {
          if (error !== undefined) reject(error)
          // The host may answer when nobody waits any more.
          else if (isOver) channel.close()
          else resolve(wrap(channel))
        })
        return promise
      })
    } catch (error) {
      isOver = true
      if (signal?.aborted === true) throw cancelledError(limit.name, signal)
      if (error instanceof HardwareError) throw error
      throw new HardwareError('DEVICE_IO', `${this.name}: ${what} failed: ${messageOf(error)}`, { cause: error })
    }
  }
}

function configOf(
  stream: Duplex,
  { username, privateKey, passphrase, password, hostKey }: SshCredentials,
  refuse: (key: { readonly found: string; readonly expected: string }) => void,
): ConnectConfig {
  return {
    sock: stream,
    username,
    ...(privateKey === undefined ? {} : { privateKey }),
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(password === undefined ? {} : { password, tryKeyboard: true }),
    // The limits are ours.
    readyTimeout: 0,
    hostVerifier: (key: Buffer) => {
      const found = fingerprintOf(key)
      if (hostKey === undefined || hostKey === found) return true
      refuse({ found: `${found} (${kindOf(key)})`, expected: hostKey })
      return false
    },
  }
}

/** Answers the questions of a host that asks for the password in its own words (RFC 4256). */
function answerPrompts(client: Client, password: string): void {
  client.on('keyboard-interactive', (_name, _instructions, _language, prompts, finish) => {
    finish(prompts.map(() => password))
  })
}

/** @throws HardwareError ARGUMENT_INVALID for a private key that cannot be used; the error shows nothing of the key */
function login(client: Client, config: ConnectConfig, name: string): void {
  try {
    client.connect(config)
  } catch (error) {
    const message = `${name}: the login cannot be tried: ${messageOf(error)}`
    throw new HardwareError('ARGUMENT_INVALID', message, { cause: error, origin: 'lab' })
  }
}
