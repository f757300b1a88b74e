import type { WaitOptions } from '../../base/wait-options.ts'

/** Limits of one operation of a shell. At the limit the command is interrupted. */
export type ShellWaitOptions = WaitOptions

/** Options of a command. */
export interface CommandOptions extends ShellWaitOptions {
  /**
   * `true` (default): guards watch the command. Their words may be typed, and printed by the command. They fail the board only if the
   * kernel logs them, or if the command never ends.
   *
   * `false`: no guard watches the command. For a command that provokes a failure, or prints the log of a failed system.
   */
  readonly guards?: boolean | undefined
}

/** Options of a shell. */
export interface ShellOptions extends ShellWaitOptions {
  /**
   * The time limit until the shell answers, with boot and login, in milliseconds (default 60 000, or the rest of the test's time if
   * that is less). It also holds when a command has left the shell, and the shell has to be reached again.
   */
  readonly timeoutMs?: number | undefined
  /** The time limit of a command without one, in milliseconds (default 30 000, or the rest of the test's time if that is less). */
  readonly runTimeoutMs?: number | undefined
}

/** The result of a command. */
export interface CommandResult<ExitCode = number> {
  /** Standard output and errors of the command, in the order in which they came; lines end with `\n`. */
  readonly output: string
  readonly exitCode: ExitCode
  /** The time from the start of the command to its end, in milliseconds. */
  readonly durationMs: number
}
