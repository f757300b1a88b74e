import { HardwareError } from '../../errors.ts'
import type { CommandResult } from './types.ts'

const shownLines = 15

/** What `runOrThrow` throws for a command that failed: COMMAND_FAILED, with what there is to know of the command. */
export class CommandError extends HardwareError {
  readonly command: string
  readonly result: CommandResult<number | undefined>

  constructor(consoleName: string, command: string, result: CommandResult<number | undefined>) {
    const lines = lastLines(result.output)
    const what = `${consoleName}: ${shorten(command)} ended with exit code ${result.exitCode}.`
    super('COMMAND_FAILED', lines === '' ? `${what} It printed nothing.` : `${what} Last lines:\n${lines}`)
    this.command = command
    this.result = result
  }
}

/** The last lines of an output, as messages show them. */
export function lastLines(output: string): string {
  const lines = output.trimEnd().split(/\r*\n/)
  return output.trim() === ''
    ? ''
    : lines
        .slice(-shownLines)
        .map((line) => `  | ${line}`)
        .join('\n')
}

/** A command as messages show it: in quotes, and not longer than a line. */
export function shorten(command: string): string {
  const quoted = JSON.stringify(command)
  return quoted.length <= 120 ? quoted : `${quoted.slice(0, 119)}…"`
}
