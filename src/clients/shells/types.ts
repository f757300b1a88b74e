/** A limit on one thing that a shell does. */
export interface ShellWaitOptions {
  /** How long it may take, in milliseconds. */
  readonly timeoutMs?: number | undefined
  /** Interrupts the command when it is aborted. */
  readonly signal?: AbortSignal | undefined
}

/** How a shell is begun. */
export interface ShellOptions extends ShellWaitOptions {
  /**
   * How long it may take until the shell answers, booting and login included, in milliseconds (default 60 000, or most
   * of the test's time if that is less). So long it may also take later to find back to a shell that a command has left.
   */
  readonly timeoutMs?: number | undefined
  /** How long a command may take unless it says otherwise, in milliseconds (default 30 000, or most of the test's time). */
  readonly runTimeoutMs?: number | undefined
}

/** A command that has ended. */
export interface CommandResult<ExitCode = number> {
  /** What it printed, standard output and errors as they came; lines end with `\n`. */
  readonly output: string
  readonly exitCode: ExitCode
  /** From its first sign to its last, in milliseconds. */
  readonly durationMs: number
}
