import { execa } from 'execa'

import { ProcessOutput } from './process-output.ts'
import { untilSucceeds } from './until-succeeds.ts'

/** Options of {@link Daemon.start}. */
interface DaemonOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** The output that says that it serves, or a look that fails as long as it does not. */
  readonly ready: RegExp | (() => Promise<unknown>)
}

/** A program that serves until the test ends it. It ends with this process, too. */
export class Daemon implements AsyncDisposable {
  readonly #command: readonly [string, ...string[]]
  readonly #options: DaemonOptions
  #child: ReturnType<typeof run> | undefined

  /** Starts a program, and waits until it serves. */
  static async start(command: readonly [string, ...string[]], options: DaemonOptions): Promise<Daemon> {
    const daemon = new Daemon(command, options)
    await daemon.restart()
    return daemon
  }

  private constructor(command: readonly [string, ...string[]], options: DaemonOptions) {
    this.#command = command
    this.#options = options
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** Sends a signal: SIGSTOP for a daemon that hangs. */
  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name)
  }

  /** Ends it at once, as a power cut would. May be called again. */
  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL')
    await this.#child
  }

  /** Ends it as an administrator does, and after five seconds at once. */
  async terminate(): Promise<void> {
    this.#child?.kill('SIGTERM')
    await this.#child
  }

  /** Starts it again, after {@link kill} or in place of the one that runs. */
  async restart(): Promise<void> {
    await this.kill()
    const { ready, ...options } = this.#options
    this.#child = run(this.#command, options)
    const output = new ProcessOutput(this.#child)
    try {
      if (ready instanceof RegExp) await output.prints(ready)
      else await untilSucceeds(`an answer of ${this.#command[0]}`, ready)
    } catch (error) {
      await this.kill()
      throw error
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill()
  }
}

function run([program, ...args]: readonly [string, ...string[]], options: Omit<DaemonOptions, 'ready'>) {
  return execa(program, args, { ...options, reject: false, buffer: false, stdin: 'ignore' })
}
