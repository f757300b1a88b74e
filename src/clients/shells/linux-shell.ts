import type { Conversation, Pattern } from '../console/types.ts'
import { ConsoleShell, keys } from './console-shell.ts'
import { type Deadline, inTime } from './deadline.ts'
import { isKernelLine, splitKernelLines, splitKernelMessages, type SplitText } from './kernel-messages.ts'
import { KnownPrompt } from './known-prompt.ts'
import { LinuxLogin, type Login, shellPrompt } from './linux-login.ts'
import { runMarked } from './marked-command.ts'
import { createMarker, printMarker } from './marker.ts'
import { typeScript } from './posix-script.ts'
import { exportCommand } from './posix-words.ts'
import { downloadFile, uploadFile } from './transfer.ts'
import type { CommandResult, ShellOptions, CommandOptions, ShellWaitOptions } from './types.ts'
import { waitForMarker } from './wait-for-marker.ts'

/** The time to wait for the answer to a key or a probe, in milliseconds. */
const answerMs = 1_000

/** Options of a Linux shell. */
export interface LinuxShellOptions extends ShellOptions, Login {
  /** Environment variables of all commands. */
  readonly env?: Readonly<Record<string, string>> | undefined
}

/** Options of a command on Linux. */
export interface LinuxRunOptions extends CommandOptions {
  /**
   * Environment variables of this command alone. With them the command runs in a subshell, so it cannot change the folder or the
   * variables of later commands.
   */
  readonly env?: Readonly<Record<string, string>> | undefined
  /**
   * `true` leaves the messages of the kernel in the output, for commands that print such messages themselves (`dmesg`). `false`
   * takes the lines that look like messages out of it. The default is `false` for `run`, whose result has these lines, and `true`
   * for `runOrThrow`, which would lose them.
   */
  readonly keepKernelMessages?: boolean | undefined
}

/** The result of a command on Linux. */
export interface LinuxCommandResult extends CommandResult {
  /**
   * The lines that the kernel printed in the meantime. A message in the middle of a program's line is part of the output, because
   * it could be the program's.
   */
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
  protected override readonly prompt: Pattern
  protected override readonly interrupts = [keys.interrupt, keys.interrupt, keys.quit]
  readonly #options: LinuxShellOptions
  readonly #prompt: KnownPrompt

  constructor(console: Conversation, options: LinuxShellOptions = {}) {
    super(console, options)
    this.prompt = options.prompt ?? shellPrompt
    this.#options = options
    this.#prompt = new KnownPrompt(this.prompt)
  }

  /** As `run`, for a command that has to end with exit code 0; see {@link ConsoleShell.runOrThrow}. */
  override runOrThrow(command: string, options: LinuxRunOptions = {}): Promise<string> {
    return super.runOrThrow(command, { ...options, keepKernelMessages: options.keepKernelMessages ?? true })
  }

  /**
   * The value of an environment variable.
   *
   * @returns `undefined` if there is no variable of that name
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
   * Writes a file through the console, and compares its SHA-256. The file appears at its path when it is complete.
   * The board needs `base64` and `sha256sum`, which busybox has.
   *
   * @param source a local path, or bytes
   * @param options.mode the permissions of the file: `0o755` for a program (default: those of `umask`)
   * @param options.timeoutMs the time limit (default 300 000)
   * @throws HardwareError ARGUMENT_INVALID if the source cannot be read, COMMAND_FAILED if the board cannot write it, DEVICE_IO
   *   if the content was damaged on the way
   */
  async upload(
    source: string | Uint8Array,
    path: string,
    { mode, ...wait }: ShellWaitOptions & { readonly mode?: number | undefined } = {},
  ): Promise<void> {
    await this.inSession(`upload to ${path}`, { timeoutMs: 300_000, ...wait }, (deadline) =>
      uploadFile(
        this.console,
        (command, during) => this.#execute(command, deadline, { during }),
        { source, path, mode },
        deadline,
      ),
    )
  }

  /**
   * Reads a file through the console, and compares its SHA-256.
   *
   * @param options.timeoutMs the time limit (default 300 000)
   * @throws HardwareError COMMAND_FAILED if the board cannot read it, DEVICE_IO if the content was damaged on the way
   */
  async download(path: string, options: ShellWaitOptions = {}): Promise<Buffer> {
    return this.inSession(`download of ${path}`, { timeoutMs: 300_000, ...options }, (deadline) =>
      downloadFile(this.console.name, (command) => this.#execute(command, deadline), path),
    )
  }

  protected override isSystemLine(lineStart: string): boolean {
    return isKernelLine(lineStart)
  }

  protected override async reach(deadline: Deadline): Promise<void> {
    // Text that is on the line already may be older than the last start of the board.
    this.console.skip()
    const login = new LinuxLogin(this.console, this.#options, (patterns, limitMs) =>
      this.see(patterns, limitMs, deadline),
    )
    // Ctrl-U, so that Enter does not run text that is left at the prompt.
    await this.console.send(keys.clearLine + keys.enter)
    let silences = 0
    let reached = false
    let hasProbed = false
    while (!reached) {
      const unread = this.console.peek().length
      const seen = await this.see(login.patterns, answerMs, deadline)
      if (seen?.index === 0) {
        if (await login.answer()) reached = await this.answers(deadline)
      } else if (seen?.index === 1) {
        await login.leave()
      } else if (seen === undefined && this.console.peek().length > unread) {
        // A board that prints is booting. Typed text would be lost or do harm.
      } else if (seen === undefined && login.isAsked) {
        // Typed text may be taken for a password. A shell with such a prompt answers the only probe.
        if (++silences % 3 === 0 && !hasProbed) reached = await this.answers(deadline)
        hasProbed ||= silences % 3 === 0
      } else if (seen === undefined && ++silences % 3 !== 0) {
        // A program may be running. A board that is only slow must not be disturbed.
        await this.console.send(silences % 3 === 1 ? keys.clearLine + keys.enter : keys.interrupt)
      } else {
        reached = await this.answers(deadline)
        if (!reached && !login.isAsked) await this.console.send(keys.clearLine + keys.enter)
      }
    }
    // Typed text is echoed before the prompt if it comes at once.
    const { pattern } = this.#prompt
    const shown = pattern && (await this.see([pattern], answerMs, deadline))
    if (shown !== undefined) this.#prompt.learn(`${shown.before}${shown.text}`)
    const { env } = this.#options
    if (env !== undefined) await this.#execute(exportCommand(env), deadline)
  }

  protected override async answers(deadline: Deadline): Promise<boolean> {
    const probe = createMarker()
    await this.console.sendLine(printMarker(probe))
    return (await inTime(answerMs, deadline, (limit) => waitForMarker(this.console, [probe], limit))) !== undefined
  }

  protected override async execute(
    command: string,
    deadline: Deadline,
    { env, keepKernelMessages = false }: LinuxRunOptions = {},
  ): Promise<LinuxCommandResult> {
    const script = env === undefined ? command : `(${exportCommand(env)}\n${command}\n)`
    return this.#execute(script, deadline, { split: keepKernelMessages ? keepAll : splitKernelLines })
  }

  /**
   * @param options.during returns the output so far
   * @param options.split takes the kernel messages out of the output (default: also those inside lines, for commands of ours)
   */
  async #execute(
    command: string,
    deadline: Deadline,
    {
      during,
      split = splitKernelMessages,
    }: { during?: (() => Promise<string>) | undefined; split?: typeof splitKernelMessages } = {},
  ): Promise<LinuxCommandResult> {
    this.#prompt.learn(this.console.peek())
    const script = await typeScript(this.console, command, this.#prompt, deadline)
    const begun = () => {
      this.outputFrom = this.console.mark()
      return during?.()
    }
    // `command` keeps a mistake in the script from ending the rest of the line, which prints the end marker.
    const marked = { command: `command eval ${script}`, prompt: this.#prompt, begun }
    const { output, lineEnd, exitCode, durationMs, kernelMessages } = await runMarked(this.console, marked, deadline)
    const printed = split(output)
    const [before, behind] = kernelMessages
    return {
      // The terminal puts the same number of carriage returns before each end of line.
      output: printed.text.replaceAll(lineEnd, '\n'),
      exitCode,
      durationMs,
      kernelMessages: [...before, ...printed.kernelMessages, ...behind],
    }
  }
}

function keepAll(text: string): SplitText {
  return { text, kernelMessages: [] }
}
