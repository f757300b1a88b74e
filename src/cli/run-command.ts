import { onAbort } from '../base/abort.ts'
import { exitCodeOf, ProcessGroup } from '../base/process-group.ts'
import type { Environment } from '../leases/environment.ts'

/** Options of {@link runCommandToEnd}. */
export interface CommandOptions {
  /** Variables beside those of this process. */
  readonly variables: Environment
  /** Is aborted when the command can no longer use its exporter. The command gets SIGHUP then, as if its terminal was closed. */
  readonly lost?: AbortSignal | undefined
}

/**
 * Runs a command on the streams of this process.
 *
 * @returns the exit code that a shell would give: 127 for a missing program, 126 for a program that cannot be run
 */
export async function runCommandToEnd(
  command: readonly [string, ...string[]],
  { variables, lost }: CommandOptions,
): Promise<number> {
  const signals = new SignalPass()
  try {
    const child = await ProcessGroup.start(command, {
      env: { ...process.env, ...variables },
      stdio: ['inherit', 'inherit', 'inherit'],
      // The command stays in the foreground of the terminal.
      detached: false,
      // Only the user's signals end the command, and it has no pipes.
      killAfterMs: 0,
      drainTimeoutMs: 0,
    })
    signals.passTo(child)
    onAbort(lost, () => child.kill('SIGHUP'))
    const end = await child.exited
    if (end.type !== 'notStarted') return exitCodeOf(end)
    console.error(`error: ${command[0]}: ${end.isMissing ? 'command not found' : end.error.message}`)
    return end.isMissing ? 127 : 126
  } finally {
    signals.stop()
  }
}

/** Passes on the signals that would end this process, so that the lease lasts until the command has ended. */
class SignalPass {
  #child: ProcessGroup | undefined
  #early: NodeJS.Signals | undefined
  readonly #pass = (signal: NodeJS.Signals) => {
    if (this.#child === undefined) this.#early = signal
    else this.#child.kill(signal)
  }
  /** The terminal sends Ctrl-C to the command, too. */
  readonly #ignore = () => undefined

  constructor() {
    process.on('SIGTERM', this.#pass).on('SIGHUP', this.#pass).on('SIGINT', this.#ignore)
  }

  passTo(child: ProcessGroup): void {
    this.#child = child
    if (this.#early !== undefined) child.kill(this.#early)
  }

  stop(): void {
    process.off('SIGTERM', this.#pass).off('SIGHUP', this.#pass).off('SIGINT', this.#ignore)
  }
}
