import type { SshEnd } from '../../base/ssh/ssh-process.ts'
import { brand } from '../../base/brand.ts'
import { HardwareError } from '../../errors.ts'
import { lastLines, shorten } from '../shells/command-error.ts'
import { quote } from '../shells/posix-words.ts'

/**
 * A command for an SSH host. A text is sent as it is, and the user's shell on the host reads it: variables, quotes and `;` have
 * their meaning there. A list has a program and its arguments, each quoted for POSIX shells, so that no shell changes them.
 */
export type SshCommand = string | readonly [program: string, ...args: string[]]

/** A command that has ended on an SSH host. */
export interface SshResult extends SshEnd {
  readonly stdout: string
  readonly stderr: string
}

/**
 * The text of a command, as it is sent to the host.
 *
 * @throws HardwareError ARGUMENT_INVALID for a command with a NUL character, which no program can have
 * @example
 * ```ts
 * commandText(['echo', "it's", '$HOME']) // 'echo' 'it'\''s' '$HOME'
 * ```
 */
export function commandText(command: SshCommand): string {
  const text = typeof command === 'string' ? command : command.map(quote).join(' ')
  if (text.includes('\0')) throw new HardwareError('ARGUMENT_INVALID', 'A command cannot contain a NUL character')
  return text
}

/** The error of a command that failed on an SSH host: COMMAND_FAILED, with the command and its result. */
export class SshCommandError extends HardwareError {
  static {
    brand(this, 'SshCommandError')
  }

  /** The command as it was sent. */
  readonly command: string
  readonly result: SshResult

  /** @param name the name of the host */
  constructor(name: string, command: string, result: SshResult) {
    const { exitCode, signal, stdout, stderr } = result
    const end = exitCode === undefined ? `was ended by ${signal ?? 'the host'}` : `ended with exit code ${exitCode}`
    const what = `${name}: ${shorten(command)} ${end}.`
    const lines = lastLines(stderr.trim() === '' ? stdout : stderr)
    const message = lines === '' ? `${what} It printed nothing.` : `${what} Last lines:\n${lines}`
    super('COMMAND_FAILED', message, { shortMessage: what })
    this.command = command
    this.result = result
  }
}
