import { type ErrorCode, HardwareError, messageOf } from '../../errors.ts'
import type { Conversation, Mark, Match, Pattern } from '../console/types.ts'
import { CommandError, lastLines, shorten } from './command-error.ts'
import { createDeadline, type Deadline, limitsOf } from './deadline.ts'
import type { CommandResult, ShellOptions, ShellWaitOptions } from './types.ts'

const defaultEnterTimeoutMs = 60_000
const defaultRunTimeoutMs = 30_000
/** How long a shell has to answer after each of {@link ConsoleShell.interrupts}, in milliseconds. */
const interruptTimeoutMs = 1_000

/** How long to wait for the prompt after a command has been interrupted, in milliseconds; it may be one that we do not know. */
const promptMs = 500

/** What is found wrong before something is typed, or after it has ended. After other errors it is not known what runs. */
const atPrompt: ReadonlySet<ErrorCode> = new Set(['ARGUMENT_INVALID', 'COMMAND_FAILED', 'RESULT_INVALID'])

/** Keys that shells know. */
export const keys = { interrupt: '\x03', clearLine: '\x15', quit: '\x1c', enter: '\r' } as const

/**
 * A shell on a console. Commands run one after the other, in the order in which they were asked for.
 *
 * @typeParam Result what a command gives
 * @typeParam Options what a command takes
 */
export abstract class ConsoleShell<
  Result extends CommandResult<number | undefined>,
  Options extends ShellWaitOptions = ShellWaitOptions,
> {
  protected readonly console: Conversation
  /** What the shell prints when it waits for a command. It need not be certain. */
  protected abstract readonly prompt: Pattern
  /** What is typed to end a command, one after the other until the shell answers. */
  protected readonly interrupts: readonly string[] = [keys.interrupt, keys.interrupt]
  /** Where the output begins of what runs; errors show its end. */
  protected outputFrom: Mark
  readonly #options: ShellOptions
  #last: Promise<void> = Promise.resolve()
  #entered = false

  constructor(console: Conversation, options: ShellOptions) {
    this.console = console
    this.outputFrom = console.mark()
    this.#options = options
  }

  /**
   * Waits until the shell answers. There is no need to call it: the first command does, and the first after one that left
   * the shell.
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
   * @param options.timeoutMs how long it may take; a command that takes longer is interrupted, and the shell can be used
   * afterwards
   * @throws HardwareError CONSOLE_TIMEOUT with the last lines, CALL_CANCELLED, CONSOLE_CLOSED, ARGUMENT_INVALID for what
   * cannot be typed
   */
  run(command: string, options?: Options): Promise<Result> {
    return this.inSession(command, options, (deadline) => this.execute(command, deadline, options))
  }

  /**
   * Runs a command that has to end with exit code 0.
   *
   * @returns what it printed, without the end of the last line
   * @throws CommandError (COMMAND_FAILED) with the command, its exit code and its last lines; NOT_IMPLEMENTED where the
   * shell has no exit codes; and what {@link run} throws
   */
  async runOrThrow(command: string, options?: Options): Promise<string> {
    const result = await this.run(command, options)
    if (result.exitCode === undefined) {
      const message = `${this.console.name}: this shell does not tell whether a command failed; look at the output of run()`
      throw new HardwareError('NOT_IMPLEMENTED', message)
    }
    if (result.exitCode !== 0) throw new CommandError(this.console.name, command, result)
    return result.output.replace(/\n$/, '')
  }

  /**
   * Types a command that leaves the shell, such as `reboot`, and does not wait for it. The next command waits for the
   * shell to be there again.
   */
  async leave(command: string, options: ShellWaitOptions = {}): Promise<void> {
    await this.inSession(command, options, async ({ signal }) => {
      await this.console.sendLine(command, { signal })
      this.#entered = false
    })
  }

  /** Brings the console to a prompt, and verifies that it is one. */
  protected abstract reach(deadline: Deadline): Promise<void>

  /** Types a command and waits for its end. */
  protected abstract execute(command: string, deadline: Deadline, options: Options | undefined): Promise<Result>

  /** Has the shell print something, and waits for it and for the prompt after it. @returns whether it came in time */
  protected abstract answers(deadline: Deadline): Promise<boolean>

  /** Does something at the shell's prompt when it is its turn; if time runs out, the shell is brought back to it. */
  protected inSession<T>(
    what: string,
    { timeoutMs = this.#options.runTimeoutMs, signal }: ShellWaitOptions = {},
    use: (deadline: Deadline) => Promise<T>,
  ): Promise<T> {
    const limits = limitsOf({ timeoutMs, signal }, defaultRunTimeoutMs)
    const enter = limitsOf({ timeoutMs: this.#options.timeoutMs, signal }, defaultEnterTimeoutMs)
    return this.#inTurn(limits.signal, async () => {
      if (!this.#entered) await this.#enter(createDeadline(enter))
      const deadline = createDeadline(limits)
      this.outputFrom = this.console.mark()
      try {
        return await use(deadline)
      } catch (error) {
        throw await this.#ended(what, deadline, error)
      }
    })
  }

  /**
   * Waits for one of several patterns.
   *
   * @returns undefined when none came in time
   */
  protected async see(patterns: readonly Pattern[], limitMs: number, deadline: Deadline): Promise<Match | undefined> {
    return this.inTime(limitMs, deadline, (limit) => this.console.expect(patterns, limit.within()))
  }

  /**
   * Waits for something that may not come.
   *
   * @returns undefined when it did not come within its limit
   * @throws HardwareError CONSOLE_TIMEOUT when there is no time left at all
   */
  protected async inTime<T>(
    limitMs: number,
    deadline: Deadline,
    wait: (limit: Deadline) => Promise<T>,
  ): Promise<T | undefined> {
    try {
      return await wait(
        createDeadline({ timeoutMs: Math.min(limitMs, deadline.remainingMs()), signal: deadline.signal }),
      )
    } catch (error) {
      if (error instanceof HardwareError && error.timedOut && deadline.remainingMs() > 0) return undefined
      throw error
    }
  }

  async #enter(deadline: Deadline): Promise<void> {
    const start = this.console.mark()
    try {
      await this.reach(deadline)
    } catch (error) {
      if (!(error instanceof HardwareError) || !error.timedOut) throw error
      const what = `${this.console.name}: there was no shell within ${deadline.timeoutMs} ms.`
      throw new HardwareError('CONSOLE_TIMEOUT', withLines(what, this.console.since(start)), { cause: error })
    }
    this.#entered = true
  }

  async #ended(what: string, deadline: Deadline, error: unknown): Promise<unknown> {
    this.#entered = false
    if (!(error instanceof HardwareError) || !(error.timedOut || error.cancelled)) {
      this.#entered = error instanceof HardwareError && atPrompt.has(error.code)
      return error
    }
    const output = this.console.since(this.outputFrom)
    this.#entered = await this.#interrupt()
    const end = error.cancelled
      ? `was cancelled (${messageOf(deadline.signal?.reason)})`
      : `did not end within ${deadline.timeoutMs} ms`
    const now = this.#entered ? 'It was interrupted.' : 'It could not be interrupted: the shell does not answer.'
    const message = withLines(`${this.console.name}: ${shorten(what)} ${end}. ${now}`, output)
    return new HardwareError(error.code, message, { cause: error, origin: error.origin })
  }

  async #interrupt(): Promise<boolean> {
    for (const key of this.interrupts) {
      // With a signal that never comes: that of the test may be what has ended the command.
      const deadline = createDeadline({ timeoutMs: interruptTimeoutMs, signal: AbortSignal.any([]) })
      try {
        await this.console.send(key)
        // What is typed before the shell reads again may be taken by the command, or thrown away with it.
        await this.inTime(promptMs, deadline, (limit) => this.console.expect(this.prompt, limit.within()))
        if (await this.answers(deadline)) return true
      } catch (error) {
        // Of the two errors, the one that made it necessary to interrupt is the one to tell.
        if (!(error instanceof HardwareError) || !error.timedOut) return false
      }
    }
    return false
  }

  #inTurn<T>(signal: AbortSignal | undefined, use: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const cancel = () => {
        const message = `${this.console.name}: cancelled (${messageOf(signal?.reason)})`
        reject(new HardwareError('CALL_CANCELLED', message, { cause: signal?.reason }))
      }
      if (signal?.aborted === true) cancel()
      else signal?.addEventListener('abort', cancel, { once: true })
      this.#last = this.#last.then(async () => {
        signal?.removeEventListener('abort', cancel)
        if (signal?.aborted !== true) await use().then(resolve, reject)
      })
    })
  }
}

function withLines(what: string, output: string): string {
  const lines = lastLines(output)
  return lines === '' ? `${what} Nothing was printed.` : `${what} Last lines:\n${lines}`
}
