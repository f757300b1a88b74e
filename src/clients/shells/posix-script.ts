import { HardwareError } from '../../errors.ts'
import type { Conversation } from '../console/types.ts'
import type { Deadline } from './deadline.ts'
import { createMarker, waitForMarker } from './marker.ts'
import { escapeForPrintf, isPlain, quote } from './posix-words.ts'

/** How long a line may be that busybox's shell takes: CONFIG_FEATURE_EDITING_MAX_LEN is 1024 unless built otherwise. */
const lineLength = 1_000
/** What a typed line has around a command. */
const frameLength = 150

/**
 * Makes a word for the shell's `eval` out of a command of any length, with any characters. What is too long for one line
 * is typed into a variable first, piece by piece.
 *
 * @throws HardwareError ARGUMENT_INVALID for a command with a NUL character, which no shell can have
 */
export async function typeScript(console: Conversation, command: string, deadline: Deadline): Promise<string> {
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
    const line = `_vh=${before}'${piece}'; printf '%s%s\\n' ${typed.halves.join(' ')}`
    await console.sendLine(line, { signal: deadline.signal })
    await waitForMarker(console, typed, deadline)
    before = '"$_vh"'
  }
  return '"$(printf %b "$_vh")"'
}
