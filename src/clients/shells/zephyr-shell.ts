import { wallClock } from '../../base/clock.ts'
import { HardwareError } from '../../errors.ts'
import type { Conversation } from '../console/types.ts'
import { ConsoleShell, keys } from './console-shell.ts'
import type { Deadline } from './deadline.ts'
import { afterEcho } from './echoed.ts'
import { createMarker } from './marker.ts'
import { refuseControls } from './one-line.ts'
import type { CommandResult, ShellOptions } from './types.ts'

/** The time to wait for the answer to a probe, in milliseconds. */
const answerMs = 1_000
/** A line of Zephyr's logging. */
const logLine = /\[\d\d:\d\d:\d\d\.\d{3},\d{3}\] <\w{3}> [^\n]*\n/g

/** The beginning of such a line, with its level if the logging is minimal (CONFIG_LOG_MODE_MINIMAL). */
const logLineStart = /^(?:\[\d\d:\d\d:\d\d\.\d{3},\d{3}\] <\w{3}> |[EWID]: )/

/** Options of a Zephyr shell. */
export interface ZephyrShellOptions extends ShellOptions {
  /** CONFIG_SHELL_PROMPT_UART (default `uart:~$ `). */
  readonly prompt?: string | undefined
}

/** The result of a command of Zephyr. */
export interface ZephyrCommandResult extends CommandResult<number | undefined> {
  /** The return value of the command: 0 or a negative error number; `undefined` without CONFIG_SHELL_CMDS_RETURN_VALUE. */
  readonly exitCode: number | undefined
  /** The lines that Zephyr logged in the meantime. */
  readonly logMessages: readonly string[]
}

/**
 * Zephyr's shell. It has no command that prints a given text, but it names an unknown command in its error. So a command has ended
 * when the shell reports the next one, of a random name, as unknown.
 */
export class ZephyrShell extends ConsoleShell<ZephyrCommandResult> {
  protected override readonly prompt: string

  constructor(console: Conversation, options: ZephyrShellOptions = {}) {
    super(console, options)
    this.prompt = options.prompt ?? 'uart:~$ '
  }

  protected override isSystemLine(lineStart: string): boolean {
    return logLineStart.test(lineStart)
  }

  protected override async reach(deadline: Deadline): Promise<void> {
    this.console.skip()
    await this.console.send(keys.clearLine + keys.enter)
    while (!(await this.answers(deadline))) await this.console.send(keys.interrupt)
  }

  protected override async answers(deadline: Deadline): Promise<boolean> {
    const { text } = createMarker()
    await this.console.sendLine(text)
    if ((await this.see([notFound(text)], answerMs, deadline)) === undefined) return false
    return (await this.see([this.prompt], answerMs, deadline)) !== undefined
  }

  protected override async execute(command: string, deadline: Deadline): Promise<ZephyrCommandResult> {
    refuseControls(command)
    const { text: end } = createMarker()
    const typed = this.console.mark()
    const startedAt = wallClock()
    await this.console.sendLine(command, { signal: deadline.signal })
    // The command itself may have printed the prompt, which does no harm: 64 typed characters wait for the shell
    // (CONFIG_SHELL_BACKEND_SERIAL_RX_RING_BUFFER_SIZE).
    const prompted = await this.console.expect(`\n${this.prompt}`, deadline.within())
    await this.console.sendLine('retval', { signal: deadline.signal })
    await this.console.sendLine(end, { signal: deadline.signal })
    await this.console.expect(notFound(end), deadline.within())
    const all = this.console.since(typed)
    await this.console.expect(this.prompt, deadline.within())
    const logMessages: string[] = []
    const text = all.replaceAll(logLine, (line) => {
      logMessages.push(line.trimEnd())
      return ''
    })
    const asked = `${this.prompt}retval\r\n`
    const at = text.lastIndexOf(asked)
    if (at < 0) {
      const message = `${this.console.name}: cannot tell the end of ${command} in:\n${text}`
      throw new HardwareError('RESULT_INVALID', message, { details: { console: this.console.name } })
    }
    let output = text.slice(0, at)
    // A log message replaces the prompt, and the shell prints the prompt again after it.
    while (output.endsWith(this.prompt)) output = output.slice(0, -this.prompt.length)
    const code = /^(-?\d+)\r\n/.exec(text.slice(at + asked.length))?.[1]
    return {
      output: afterEcho(output, command).replaceAll('\r\n', '\n'),
      exitCode: code === undefined ? undefined : Number(code),
      durationMs: Math.max(0, prompted.time - startedAt),
      logMessages,
    }
  }
}

/** The error of Zephyr's shell for an unknown command. */
function notFound(command: string): string {
  return `${command}: command not found`
}
