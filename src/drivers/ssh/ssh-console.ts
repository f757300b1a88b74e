import { checkConfig, rules } from '../../base/check.ts'
import type { SshConnection } from '../../base/ssh/ssh-connection.ts'
import { HardwareError, messageOf } from '../../errors.ts'
import { lineEndLabel, lineEnds, Serial } from '../../interfaces/serial.ts'
import { callSignal } from '../../runtime/call.ts'
import { Driver } from '../../runtime/driver.ts'
import type { LineEvents, SerialLine } from '../serial/serial-line.ts'
import { SharedPort } from '../serial/shared-port.ts'
import { SSHWrapper } from './ssh-wrapper.ts'

const { connect, close } = Serial.methods

/** The config of {@link SshConsole}. */
export interface SshConsoleConfig {
  /** A command that the user's shell reads (default: the user's shell itself, to type at). */
  readonly command?: string | undefined
  /** The kind of terminal that programs see as `TERM` (default `dumb`, for which they print no colours). */
  readonly term?: string | undefined
  /** The columns of the terminal (default 80). */
  readonly columns?: number | undefined
  /** The rows of the terminal (default 24). */
  readonly rows?: number | undefined
  /** The end of lines that consoles of clients type (default `cr`, as the Enter of a keyboard). */
  readonly line_end?: 'cr' | 'lf' | 'crlf' | undefined
}

/** The drivers below {@link SshConsole}. */
export interface SshConsoleChildren {
  /** The machine, with its user. */
  readonly ssh: SSHWrapper
}

/**
 * A shell on an SSH host as a serial console, for a board whose serial port is not wired. The exporter logs in when the first
 * client connects, and out after the last one has gone; all clients share the terminal. Needs the package ssh2.
 *
 * @example
 * ```yaml
 * export:
 *   ssh: { type: "jumpstarter_driver_ssh.driver.SSHWrapper", … }
 *   console:
 *     type: vitest-hardware/drivers#SshConsole
 *     children: { ssh: { ref: ssh } }
 * ```
 */
export class SshConsole extends Driver {
  static readonly interface = { ...Serial, methods: { connect, close } }
  static readonly configRules = {
    command: rules.optional(rules.text),
    term: rules.optional(rules.text),
    columns: rules.optional(rules.count),
    rows: rules.optional(rules.count),
    line_end: rules.optional(rules.oneOf(...lineEnds.keys())),
  }
  static readonly requiredChildren = ['ssh']
  override readonly children: Readonly<Record<string, Driver>>
  readonly #config: SshConsoleConfig
  readonly #port = new SharedPort({
    name: 'the console over SSH',
    charsPerSecond: undefined,
    open: (events) => this.#open(events),
    warn: (error) => this.logger.warning(`closing the console over SSH: ${messageOf(error)}`),
  })

  /**
   * @param children the driver below, for a tree that is made in code
   * @throws TypeError with all mistakes of the config
   */
  constructor(config: SshConsoleConfig = {}, children?: SshConsoleChildren) {
    super()
    checkConfig(config, SshConsole.configRules)
    this.#config = config
    this.children = { ...children }
    if (config.line_end) this.labels[lineEndLabel] = config.line_end
  }

  /** @throws HardwareError EXPORTER_CONFIG_INVALID when the driver below is no SSH host */
  override reset() {
    this.#host()
  }

  /** Opens a stream of what the terminal prints and takes. */
  connect() {
    return this.#port.connect(callSignal())
  }

  /** Ends the shell, for all clients. The next connection starts another one. */
  override async close() {
    await this.#port.close()
  }

  #host(): SSHWrapper {
    const { ssh } = this.children
    if (ssh instanceof SSHWrapper) return ssh
    throw new HardwareError(
      'EXPORTER_CONFIG_INVALID',
      'The driver ssh below SshConsole has to be of the type jumpstarter_driver_ssh.driver.SSHWrapper',
    )
  }

  async #open(events: LineEvents): Promise<SerialLine> {
    const connection = await this.#host().openConnection()
    try {
      return await this.#startShell(connection, events)
    } catch (error) {
      await connection[Symbol.asyncDispose]()
      throw error
    }
  }

  async #startShell(connection: SshConnection, events: LineEvents): Promise<SerialLine> {
    const { command, term, columns, rows } = this.#config
    const terminal = { term: term ?? 'dumb', columns: columns ?? 80, rows: rows ?? 24 }
    const release = () => connection[Symbol.asyncDispose]()
    const process = await connection.run(command ?? undefined, { terminal, release })
    const { stdin, stdout } = process
    let isOver = false
    const end = (error?: Error) => {
      if (isOver) return
      isOver = true
      events.closed(error)
    }
    stdout.on('data', (bytes: Buffer) => {
      if (!isOver) events.data(bytes)
    })
    stdout.on('error', end)
    stdout.on('close', () => end())
    return {
      set: undefined,
      flow: { pause: () => stdout.pause(), resume: () => stdout.resume() },
      write: (bytes) =>
        new Promise((resolve, reject) => {
          stdin.write(bytes, (error) => (error ? reject(error) : resolve()))
        }),
      async close() {
        isOver = true
        await process[Symbol.asyncDispose]()
      },
    }
  }
}
