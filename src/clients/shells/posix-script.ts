import { HardwareError } from '../../errors.ts'
import type { Conversation } from '../console/types.ts'
import type { Deadline } from './deadline.ts'
import type { KnownPrompt } from './known-prompt.ts'
import { createMarker, printMarker } from './marker.ts'
import { keepExitCode, waitForMarker } from './wait-for-marker.ts'
import { escapeForPrintf, isPlain, quote } from './posix-words.ts'

/** The longest line that we type. Busybox's shell takes 1024 characters (CONFIG_FEATURE_EDITING_MAX_LEN). */
const lineLength = 1_000
/** The length of the text around a command on a typed line. */
const frameLength = 150

/**
 * Makes a word for the shell's `eval` out of a command of any length, with any characters. A command that is too long for one
 * line is typed into a variable first, piece by piece.
 *
 * @throws HardwareError ARGUMENT_INVALID for a command with a NUL character, which no shell can have
 */
export async function typeScript(
  console: Conversation,
  command: string,
  prompt: KnownPrompt,
  deadline: Deadline,
): Promise<string> {
  if (command.includes('\0')) throw new HardwareError('ARGUMENT_INVALID', 'A command cannot contain a NUL character')
  const room = lineLength - frameLength
  if (isPlain(command) && quote(command).length < room) return quote(command)
  const pieces = ['']
  for (const character of escapeForPrintf(command)) {
    if ((pieces.at(-1) ?? '').length + character.length > room) pieces.push('')
    pieces[pieces.length - 1] += character
  }
  if (pieces.length === 1) return `"$(printf %b '${pieces[0]}')"`
  let before = ''
  for (const piece of pieces) {
    const typed = createMarker()
    const line = `_vh=${before}'${piece}'; ${keepExitCode}; ${printMarker(typed)}`
    await console.sendLine(line, { signal: deadline.signal })
    await waitForMarker(console, [typed], deadline, { prompt, after: typed.halves })
    before = '"$_vh"'
  }
  return '"$(printf %b "$_vh")"'
}
