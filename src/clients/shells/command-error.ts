import { cutText } from '../../base/cut-text.ts'
import { brand } from '../../base/brand.ts'
import { HardwareError } from '../../errors.ts'
import type { CommandResult } from './types.ts'

/** The number of lines in an error. */
const shownLines = 15

/** The error of `runOrThrow` for a command that failed: COMMAND_FAILED, with the command and its result. */
export class CommandError extends HardwareError {
  static {
    brand(this, 'CommandError')
  }

  readonly command: string
  readonly result: CommandResult<number | undefined>

  constructor(consoleName: string, command: string, result: CommandResult<number | undefined>) {
    const lines = lastLines(result.output)
    const what = `${consoleName}: ${shorten(command)} ended with exit code ${result.exitCode}.`
    super('COMMAND_FAILED', lines === '' ? `${what} It printed nothing.` : `${what} Last lines:\n${lines}`, {
      details: { console: consoleName },
      shortMessage: what,
    })
    this.command = command
    this.result = result
  }
}

/** Formats the last lines of an output for messages. */
export function lastLines(output: string): string {
  const lines = output.trimEnd().split(/\r*\n/)
  return output.trim() === ''
    ? ''
    : lines
        .slice(-shownLines)
        .map((line) => `  | ${line}`)
        .join('\n')
}

/** Formats a command for messages: in quotes, and no longer than a line. */
export function shorten(command: string): string {
  const quoted = JSON.stringify(command)
  return quoted.length <= 120 ? quoted : `${cutText(quoted, 119)}"`
}
