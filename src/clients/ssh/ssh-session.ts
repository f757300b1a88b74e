import type { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { rm } from 'node:fs/promises'

import { cancelledError } from '../../base/abort.ts'
import { pause } from '../../base/pause.ts'
import type { SshConnection } from '../../base/ssh/ssh-connection.ts'
import type { SshProcess } from '../../base/ssh/ssh-process.ts'
import { withTimeLimit } from '../../base/time-limit.ts'
import type { WaitOptions } from '../../base/wait-options.ts'
import { HardwareError } from '../../errors.ts'
import { noteWait } from '../call-options.ts'
import { createTarget, openSource, unreadable, unwritable } from '../files.ts'
import { shorten } from '../shells/command-error.ts'
import { quote } from '../shells/posix-words.ts'
import { collectOutput, maxOutput } from './collect-output.ts'
import { commandText, type SshCommand, SshCommandError, type SshResult } from './ssh-command.ts'

/** The longest that processes in the background may hold the output of an ended command, in milliseconds. */
const drainTimeoutMs = 1_000

/** Options of a command on an SSH host. */
export interface SshExecOptions extends WaitOptions {
  /** The text or bytes of standard input (default: none). */
  readonly input?: string | Uint8Array | undefined
}

/** Options of a file for an SSH host. */
export interface SshUploadOptions extends WaitOptions {
  /** The permissions of the file, such as `0o755` (default: those that a new file has, or the file had). */
  readonly mode?: number | undefined
}

/** The limits of a call. */
interface Limits {
  readonly signal: AbortSignal | undefined
  readonly timeoutMs: number
}

/** A login on an SSH host. Its commands share one connection. Dispose of it to close the connection. */
export class SshSession implements AsyncDisposable {
  readonly #connection: SshConnection
  readonly #limits: () => Limits

  /** @param limits the limits of a call that is given none */
  constructor(connection: SshConnection, limits: () => Limits) {
    this.#connection = connection
    this.#limits = limits
  }

  /**
   * Runs a command to its end. An exit code other than 0 is no error. At the time limit its streams are closed, as when `ssh` is
   * ended; a program that neither reads nor prints goes on on the host.
   *
   * @throws HardwareError DEVICE_IO when the connection is lost; CALL_TIMEOUT; LIMIT_EXCEEDED for more than 16 MiB of output
   */
  async exec(command: SshCommand, { input, ...options }: SshExecOptions = {}): Promise<SshResult> {
    const text = commandText(command)
    return this.#limited(text, options, async (process) => {
      let isTooLong = false
      const exceeded = () => {
        isTooLong = true
        process.stdout.destroy()
      }
      const [stdout, stderr] = [collectOutput(process.stdout, exceeded), collectOutput(process.stderr, exceeded)]
      process.stdin.end(input)
      const end = await process.exited
      await Promise.race([Promise.all([stdout.ended, stderr.ended]), pause(drainTimeoutMs, { ref: false })])
      if (isTooLong) {
        const message = `${this.#connection.name}: ${shorten(text)} printed more than ${maxOutput} bytes`
        throw new HardwareError('LIMIT_EXCEEDED', message)
      }
      return { stdout: stdout.text, stderr: stderr.text, ...end }
    })
  }

  /**
   * Runs a command to its end; see {@link SshSession.exec}.
   *
   * @returns its standard output
   * @throws SshCommandError COMMAND_FAILED when it fails, with its last lines
   */
  async execOrThrow(command: SshCommand, options: SshExecOptions = {}): Promise<string> {
    const result = await this.exec(command, options)
    if (result.exitCode === 0) return result.stdout
    throw new SshCommandError(this.#connection.name, commandText(command), result)
  }

  /** Starts a command, and gives its streams. The limits are those of the start. */
  async spawn(command: SshCommand, options: WaitOptions = {}): Promise<SshProcess> {
    const { signal, timeoutMs } = this.#limitsOf(options)
    return this.#connection.run(commandText(command), { signal, timeoutMs })
  }

  /**
   * Writes a file on the host. The host needs a POSIX shell and `cat`, and no SFTP server. The path is used as it is, from the
   * user's home folder on; `~` has no meaning.
   *
   * @param source the path of a local file, or the content
   * @throws SshCommandError COMMAND_FAILED when the host cannot write it; HardwareError ARGUMENT_INVALID when the source cannot be
   *   read. The host then has a part of the file.
   */
  async upload(source: string | Uint8Array | Readable, path: string, options: SshUploadOptions = {}): Promise<void> {
    const { mode } = options
    const chmod = mode === undefined ? '' : ` && chmod -- ${mode.toString(8)} ${quote(path)}`
    const text = commandText(`cat > ${quote(path)}${chmod}`)
    const content = await openSource(source)
    try {
      await this.#limited(text, options, async (process) => {
        let broken = content.errored
        // The first of the two that breaks also destroys the other, whose error then says nothing.
        content.on('error', (error) => {
          if (process.stdin.errored === null) broken ??= error
        })
        const [stdout, stderr] = [collectOutput(process.stdout), collectOutput(process.stderr)]
        const sent = pipeline(content, process.stdin).catch(() => undefined)
        const end = await process.exited
        if (broken !== null) throw unreadable(broken)
        await Promise.race([stderr.ended, pause(drainTimeoutMs, { ref: false })])
        if (end.exitCode !== 0) {
          const result = { ...end, stdout: stdout.text, stderr: stderr.text }
          throw new SshCommandError(this.#connection.name, text, result)
        }
        await sent
      })
    } finally {
      content.destroy()
    }
  }

  /**
   * Reads a file of the host; see {@link SshSession.upload} for its path.
   *
   * @param target the path of a local file, or a stream to write to
   * @throws SshCommandError COMMAND_FAILED when the host cannot read it; HardwareError ARGUMENT_INVALID when the target cannot be
   *   written. A local file is removed then.
   */
  async download(path: string, target: string | Writable, options: WaitOptions = {}): Promise<void> {
    const text = commandText(`cat -- ${quote(path)}`)
    const sink = typeof target === 'string' ? await createTarget(target) : target
    try {
      await this.#limited(text, options, async (process) => {
        const stderr = collectOutput(process.stderr)
        process.stdin.end()
        const received = pipeline(process.stdout, sink).catch((error: unknown) => {
          throw process.stdout.errored === null || process.stdout.errored === error ? unwritable(error) : error
        })
        const [end] = await Promise.all([process.exited, received])
        if (end.exitCode !== 0) {
          const result = { ...end, stdout: '', stderr: stderr.text }
          throw new SshCommandError(this.#connection.name, text, result)
        }
      })
    } catch (error) {
      sink.destroy()
      if (typeof target === 'string') await rm(target, { force: true })
      throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection[Symbol.asyncDispose]()
  }

  /** Starts a command, runs a function with it, and closes its streams. */
  async #limited<T>(text: string, options: WaitOptions, run: (process: SshProcess) => Promise<T>): Promise<T> {
    const { signal, timeoutMs } = this.#limitsOf(options)
    const name = `${this.#connection.name}: ${shorten(text)}`
    const waitEnded = noteWait(() => `${name} has not ended yet.`)
    try {
      await using process = await this.#connection.run(text, { signal, timeoutMs })
      return await withTimeLimit({ name, timeoutMs, signal }, () => run(process))
    } catch (error) {
      throw signal?.aborted === true ? cancelledError(name, signal) : error
    } finally {
      waitEnded()
    }
  }

  #limitsOf(options: WaitOptions): Limits {
    const { signal, timeoutMs } = this.#limits()
    return { signal: options.signal ?? signal, timeoutMs: options.timeoutMs ?? timeoutMs }
  }
}
