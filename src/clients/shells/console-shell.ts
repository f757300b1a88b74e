import { cancelledError } from '../../base/abort.ts'
import { Mutex } from '../../base/mutex.ts'
import { type ErrorCode, HardwareError, messageOf } from '../../errors.ts'
import { recordStep } from '../../recording/record-step.ts'
import type { Conversation, Mark, Match, Pattern, WatchedCommand } from '../console/types.ts'
import { CommandError, lastLines, shorten } from './command-error.ts'
import { createDeadline, type Deadline, inTime, limitsOf } from './deadline.ts'
import type { CommandResult, ShellOptions, CommandOptions, ShellWaitOptions } from './types.ts'

const defaultEnterTimeoutMs = 60_000
const defaultRunTimeoutMs = 30_000
/** The time that a shell has to answer after each of {@link ConsoleShell.interrupts}, in milliseconds. */
const interruptTimeoutMs = 1_000

/** The time to wait for the prompt after an interrupt, in milliseconds. A shell may have a prompt that we do not know. */
const promptMs = 500

/** Errors from before a command is typed or after it has ended. After any other error the command may still run. */
const atPrompt: ReadonlySet<ErrorCode> = new Set(['ARGUMENT_INVALID', 'COMMAND_FAILED', 'RESULT_INVALID'])

/** Keys of shells. */
export const keys = { interrupt: '\x03', clearLine: '\x15', quit: '\x1c', enter: '\r' } as const

/**
 * A shell on a console. Commands run one after another, in the order of the calls.
 *
 * @typeParam Result the result of a command
 * @typeParam Options the options of a command
 */
export abstract class ConsoleShell<
  Result extends CommandResult<number | undefined>,
  Options extends CommandOptions = CommandOptions,
> {
  protected readonly console: Conversation
  /** The prompt. The pattern may also match other output. */
  protected abstract readonly prompt: Pattern
  /** Keys that end a command, typed one after another until the shell answers. */
  protected readonly interrupts: readonly string[] = [keys.interrupt, keys.interrupt]
  /** The place where the output of the running command begins; errors show the end of that output. */
  protected outputFrom: Mark
  readonly #options: ShellOptions
  readonly #turn = new Mutex()
  #entered = false

  constructor(console: Conversation, options: ShellOptions) {
    this.console = console
    this.outputFrom = console.mark()
    this.#options = options
  }

  /**
   * Waits until the shell answers. Commands do so by themselves where needed: the first command, and the first after a command
   * that left the shell.
   *
   * @throws HardwareError CONSOLE_TIMEOUT when the shell does not answer in time, UNAUTHENTICATED when it refuses the login
   */
  async enter({ timeoutMs = this.#options.timeoutMs, signal }: ShellWaitOptions = {}): Promise<void> {
    const limits = limitsOf({ timeoutMs, signal }, defaultEnterTimeoutMs)
    await this.#inTurn(limits.signal, () => this.#enter(createDeadline(limits)))
  }

  /**
   * Runs a command to its end. An exit code other than 0 is no error.
   *
   * @param options.timeoutMs the time limit; a command that takes longer is interrupted, and the shell can be used afterwards
   * @throws HardwareError CONSOLE_TIMEOUT with the last lines, CALL_CANCELLED, CONSOLE_CLOSED, ARGUMENT_INVALID for a command
   *   that cannot be typed
   */
  run(command: string, options?: Options): Promise<Result> {
    const step = { kind: 'action', target: `${this.console.name}.run`, args: [command] } as const
    return recordStep(step, () =>
      this.inSession(command, options, (deadline) => this.execute(command, deadline, options)),
    )
  }

  /**
   * Runs a command that has to end with exit code 0.
   *
   * @returns the output, without the end of the last line
   * @throws CommandError (COMMAND_FAILED) with the command, its exit code and its last lines; NOT_IMPLEMENTED if the shell has
   *   no exit codes; and the errors of {@link run}
   */
  runOrThrow(command: string, options?: Options): Promise<string> {
    const step = { kind: 'action', target: `${this.console.name}.runOrThrow`, args: [command] } as const
    return recordStep(step, () => this.#runOrThrow(command, options))
  }

  async #runOrThrow(command: string, options: Options | undefined): Promise<string> {
    const result = await this.run(command, options)
    if (result.exitCode === undefined) {
      const message = `${this.console.name}: this shell does not tell whether a command failed; look at the output of run()`
      throw new HardwareError('NOT_IMPLEMENTED', message, { details: { console: this.console.name } })
    }
    if (result.exitCode !== 0) throw new CommandError(this.console.name, command, result)
    return result.output.replace(/\n$/, '')
  }

  /**
   * Types a command that leaves the shell, such as `reboot`, and does not wait for its end. The next command waits until the
   * shell answers again.
   */
  async leave(command: string, options: ShellWaitOptions = {}): Promise<void> {
    await this.inSession(command, options, async ({ signal }) => {
      await this.console.sendLine(command, { signal })
      this.#entered = false
    })
  }

  /** @returns true for a line that no command prints, only the board's system, by its beginning */
  protected isSystemLine(_lineStart: string): boolean {
    return false
  }

  /** Brings the console to a prompt, and verifies it. */
  protected abstract reach(deadline: Deadline): Promise<void>

  /** Types a command and waits for its end. */
  protected abstract execute(command: string, deadline: Deadline, options: Options | undefined): Promise<Result>

  /** Makes the shell print a text, and waits for the text and the prompt after it. @returns true if both came in time */
  protected abstract answers(deadline: Deadline): Promise<boolean>

  /** Waits for a turn and runs a function at the prompt. At the time limit, the shell is brought back to its prompt. */
  protected inSession<T>(
    what: string,
    { timeoutMs = this.#options.runTimeoutMs, signal, guards = true }: CommandOptions = {},
    use: (deadline: Deadline) => Promise<T>,
  ): Promise<T> {
    const limits = limitsOf({ timeoutMs, signal }, defaultRunTimeoutMs)
    const enter = limitsOf({ timeoutMs: this.#options.timeoutMs, signal }, defaultEnterTimeoutMs)
    return this.#inTurn(limits.signal, async () => {
      if (!this.#entered) await this.#enter(createDeadline(enter))
      const deadline = createDeadline(limits)
      this.outputFrom = this.console.mark()
      const command = this.console.watchCommand(guards ? (lineStart) => this.isSystemLine(lineStart) : undefined)
      try {
        const result = await use(deadline)
        command.ended(this.console.mark())
        return result
      } catch (error) {
        throw await this.#ended(what, command, deadline, error)
      }
    })
  }

  /**
   * Waits for one of several patterns.
   *
   * @returns `undefined` if none came in time
   */
  protected async see(patterns: readonly Pattern[], limitMs: number, deadline: Deadline): Promise<Match | undefined> {
    return inTime(limitMs, deadline, (limit) => this.console.expect(patterns, limit.within()))
  }

  async #enter(deadline: Deadline): Promise<void> {
    const start = this.console.mark()
    try {
      await this.reach(deadline)
    } catch (error) {
      if (!(error instanceof HardwareError) || !error.timedOut) throw error
      const what = `${this.console.name}: there was no shell within ${deadline.timeoutMs} ms.`
      throw new HardwareError('CONSOLE_TIMEOUT', withLines(what, this.console.masked(this.console.since(start))), {
        cause: error,
        details: { console: this.console.name, limitMs: deadline.timeoutMs },
        shortMessage: what,
      })
    }
    this.#entered = true
  }

  async #ended(what: string, command: WatchedCommand, deadline: Deadline, error: unknown): Promise<unknown> {
    const known = error instanceof HardwareError ? error : undefined
    const isOver = known !== undefined && (known.timedOut || known.cancelled)
    const output = this.console.masked(this.console.since(this.outputFrom))
    this.#entered = isOver ? await this.#interrupt() : known !== undefined && atPrompt.has(known.code)
    if (this.#entered) command.ended(this.console.mark())
    else if (known?.code !== 'GUARD_TRIPPED') {
      const failure = command.broken()
      if (failure !== undefined) return this.#guardError(what, failure, output, error)
    }
    if (!isOver) return error
    const end = known.cancelled
      ? `was cancelled (${messageOf(deadline.signal?.reason)})`
      : `did not end within ${deadline.timeoutMs} ms`
    const now = this.#entered ? 'It was interrupted.' : 'It could not be interrupted: the shell does not answer.'
    const shortMessage = `${this.console.name}: ${shorten(what)} ${end}. ${now}`
    const details = { console: this.console.name, limitMs: known.cancelled ? undefined : deadline.timeoutMs }
    const options = { cause: error, origin: known.origin, details, shortMessage }
    return new HardwareError(known.code, withLines(shortMessage, output), options)
  }

  #guardError(
    what: string,
    { message, origin, details }: HardwareError,
    output: string,
    cause: unknown,
  ): HardwareError {
    const shortMessage = `${this.console.name}: ${shorten(what)} did not end, because ${message}.`
    return new HardwareError('GUARD_TRIPPED', withLines(shortMessage, output), { cause, origin, details, shortMessage })
  }

  async #interrupt(): Promise<boolean> {
    for (const key of this.interrupts) {
      // A signal that is never aborted: the signal of the test may have ended the command.
      const deadline = createDeadline({ timeoutMs: interruptTimeoutMs, signal: AbortSignal.any([]) })
      try {
        await this.console.send(key)
        // Until the shell reads again, the command may read or discard typed text.
        await inTime(promptMs, deadline, (limit) => this.console.expect(this.prompt, limit.within()))
        if (await this.answers(deadline)) return true
      } catch (error) {
        // The caller throws the error that made the interrupt necessary; it says more than this one.
        if (!(error instanceof HardwareError) || !error.timedOut) return false
      }
    }
    return false
  }

  async #inTurn<T>(signal: AbortSignal | undefined, use: () => Promise<T>): Promise<T> {
    let hasBegun = false
    const begin = () => {
      hasBegun = true
      return use()
    }
    try {
      return await this.#turn.run(begin, { signal })
    } catch (error) {
      if (hasBegun || signal === undefined) throw error
      throw cancelledError(`${this.console.name}: the wait for the shell`, signal)
    }
  }
}

function withLines(what: string, output: string): string {
  const lines = lastLines(output)
  return lines === '' ? `${what} Nothing was printed.` : `${what} Last lines:\n${lines}`
}
