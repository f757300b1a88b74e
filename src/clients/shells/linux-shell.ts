import type { Conversation } from '../console/types.ts'
import { ConsoleShell, keys } from './console-shell.ts'
import type { Deadline } from './deadline.ts'
import { splitKernelMessages } from './kernel-messages.ts'
import { loginPrompt, logIn, passwordPrompt, shellPrompt } from './linux-login.ts'
import { createMarker, waitForMarker } from './marker.ts'
import { typeScript } from './posix-script.ts'
import { exportCommand } from './posix-words.ts'
import { downloadFile, uploadFile } from './transfer.ts'
import type { CommandResult, ShellOptions, ShellWaitOptions } from './types.ts'

/** How long to wait for an answer to a key or a probe, in milliseconds. */
const answerMs = 1_000

/** How a Linux shell is begun. */
export interface LinuxShellOptions extends ShellOptions {
  /** As who to log in where the console asks. */
  readonly user?: string | undefined
  readonly password?: string | undefined
  /** Variables that all commands have. */
  readonly env?: Readonly<Record<string, string>> | undefined
}

/** What a command on Linux is run with. */
export interface LinuxRunOptions extends ShellWaitOptions {
  /**
   * Variables that this command alone has. It runs in a shell of its own then, so that it cannot change the folder or
   * the variables of later ones.
   */
  readonly env?: Readonly<Record<string, string>> | undefined
  /** Leaves the kernel's messages in the output, for commands that print such themselves (`dmesg`). */
  readonly keepKernelMessages?: boolean | undefined
}

/** A command on Linux that has ended. */
export interface LinuxCommandResult extends CommandResult {
  /** What the kernel has printed meanwhile, a line each. */
  readonly kernelMessages: readonly string[]
}

/**
 * A POSIX shell (busybox, dash, bash) on the console of a Linux board.
 *
 * @example
 * ```ts
 * const shell = await dut.console.shell('linux', { user: 'root', password: 'secret' })
 * const { output, exitCode } = await shell.run('ls /nowhere')
 * await shell.upload('./selftest', '/tmp/selftest', { mode: 0o755 })
 * expect(await shell.runOrThrow('/tmp/selftest')).toBe('ok')
 * ```
 */
export class LinuxShell extends ConsoleShell<LinuxCommandResult, LinuxRunOptions> {
  protected override readonly prompt = shellPrompt
  protected override readonly interrupts = [keys.interrupt, keys.interrupt, keys.quit]
  readonly #options: LinuxShellOptions

  constructor(console: Conversation, options: LinuxShellOptions = {}) {
    super(console, options)
    this.#options = options
  }

  /**
   * The value of an environment variable.
   *
   * @returns undefined when there is none of that name
   */
  async getEnv(name: string, options: ShellWaitOptions = {}): Promise<string | undefined> {
    exportCommand({ [name]: '' })
    const { output } = await this.run(`printf '%s' "\${${name}+=$${name}}"`, options)
    return output.startsWith('=') ? output.slice(1) : undefined
  }

  /** Sets environment variables for all later commands. */
  async setEnv(env: Readonly<Record<string, string>>, options: ShellWaitOptions = {}): Promise<void> {
    await this.runOrThrow(exportCommand(env), options)
  }

  /**
   * Writes a file, through the console, and compares its SHA-256. The file is there all at once, when all of it is.
   * The board needs `base64` and `sha256sum`, which busybox has.
   *
   * @param source a local path, or bytes
   * @param options.mode the file's permissions (`0o755` for a program); as `umask` has it if not given
   * @param options.timeoutMs how long it may take (default 300 000)
   * @throws HardwareError ARGUMENT_INVALID when the source cannot be read, COMMAND_FAILED when the board cannot write it,
   * DEVICE_IO when something else has come there
   */
  async upload(
    source: string | Uint8Array,
    path: string,
    { mode, ...wait }: ShellWaitOptions & { readonly mode?: number | undefined } = {},
  ): Promise<void> {
    await this.inSession(`upload to ${path}`, { timeoutMs: 300_000, ...wait }, (deadline) =>
      uploadFile(
        this.console,
        (command, during) => this.#execute(command, deadline, during),
        { source, path, mode },
        deadline,
      ),
    )
  }

  /**
   * Reads a file, through the console, and compares its SHA-256.
   *
   * @param options.timeoutMs how long it may take (default 300 000)
   * @throws HardwareError COMMAND_FAILED when the board cannot read it, DEVICE_IO when something else has come here
   */
  async download(path: string, options: ShellWaitOptions = {}): Promise<Buffer> {
    return this.inSession(`download of ${path}`, { timeoutMs: 300_000, ...options }, (deadline) =>
      downloadFile(this.console.name, (command) => this.#execute(command, deadline), path),
    )
  }

  protected override async reach(deadline: Deadline): Promise<void> {
    // What is on the line already may be what the board printed before it was last started.
    this.console.skip()
    // Ctrl-U, so that Enter does not run what somebody has left at the prompt.
    await this.console.send(keys.clearLine + keys.enter)
    let silences = 0
    let reached = false
    while (!reached) {
      const unread = this.console.peek().length
      const seen = await this.see([loginPrompt, passwordPrompt, shellPrompt], answerMs, deadline)
      if (seen?.index === 0) {
        await logIn(this.console, this.#options, (patterns, limitMs) => this.see(patterns, limitMs, deadline))
        await this.console.send(keys.enter)
      } else if (seen?.index === 1) {
        // Somebody else's login. No password leads back to its beginning.
        await this.console.send(keys.enter)
      } else if (seen === undefined && this.console.peek().length > unread) {
        // A board that prints is booting, and what is typed is lost or does harm.
      } else if (seen === undefined && ++silences % 3 !== 0) {
        // Something may run there. But a board that is only slow is not to be disturbed.
        await this.console.send(silences % 3 === 1 ? keys.clearLine + keys.enter : keys.interrupt)
      } else {
        reached = await this.answers(deadline)
        if (!reached) await this.console.send(keys.clearLine + keys.enter)
      }
    }
    const { env } = this.#options
    if (env !== undefined) await this.#execute(exportCommand(env), deadline)
  }

  protected override async answers(deadline: Deadline): Promise<boolean> {
    const probe = createMarker()
    await this.console.sendLine(`printf '%s%s\\n' ${probe.halves.join(' ')}`)
    return (await this.inTime(answerMs, deadline, (limit) => waitForMarker(this.console, probe, limit))) !== undefined
  }

  protected override async execute(
    command: string,
    deadline: Deadline,
    { env, keepKernelMessages = false }: LinuxRunOptions = {},
  ): Promise<LinuxCommandResult> {
    const script = env === undefined ? command : `(${exportCommand(env)}\n${command}\n)`
    return this.#execute(script, deadline, undefined, keepKernelMessages)
  }

  async #execute(
    command: string,
    deadline: Deadline,
    during?: () => Promise<string>,
    keepKernelMessages = false,
  ): Promise<LinuxCommandResult> {
    const [begin, end] = [createMarker(), createMarker()]
    const script = await typeScript(this.console, command, deadline)
    // `command` keeps a mistake in the script from ending the rest of the line, which tells that it has ended.
    const frame = [
      `printf '%s%s\\n' ${begin.halves.join(' ')}`,
      `command eval ${script}`,
      `printf '%s%s:%s;\\n' ${end.halves.join(' ')} "$?"`,
    ]
    await this.console.sendLine(frame.join('; '), { signal: deadline.signal })
    const started = await waitForMarker(this.console, begin, deadline)
    this.outputFrom = this.console.mark()
    const printed = (await during?.()) ?? ''
    const ended = await waitForMarker(this.console, end, deadline)
    const { text, kernelMessages } = keepKernelMessages
      ? { text: printed + ended.before, kernelMessages: [] }
      : splitKernelMessages(printed + ended.before)
    return {
      // As many carriage returns as the terminal has put before the first end of line, it puts before each.
      output: text.replaceAll(started.lineEnd, '\n'),
      exitCode: ended.number ?? 0,
      durationMs: ended.time - started.time,
      kernelMessages: [...started.kernelMessages, ...kernelMessages, ...ended.kernelMessages],
    }
  }
}
