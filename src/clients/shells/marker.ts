import { randomBytes } from 'node:crypto'

import type { Conversation } from '../console/types.ts'
import type { Deadline } from './deadline.ts'
import { kernelMessagesHere, splitKernelMessages } from './kernel-messages.ts'

/** A word that nothing else prints. It is typed in two halves, so that the echo is not the word. */
export interface Marker {
  readonly text: string
  readonly halves: readonly [string, string]
}

/** A marker on a console. */
export interface SeenMarker {
  /** The output between the cursor and the marker. */
  readonly before: string
  /** The kernel messages inside the marker. */
  readonly kernelMessages: readonly string[]
  /** The number after the marker and a colon … */
  readonly number: number | undefined
  /** … or the end of line after the marker. */
  readonly lineEnd: string
  /** The time when it was complete, in milliseconds since 1970. */
  readonly time: number
}

/** Makes a word of 64 random bits, of letters and digits, which no shell changes. */
export function createMarker(): Marker {
  const halves: Marker['halves'] = [`vh${randomBytes(4).toString('hex')}`, randomBytes(4).toString('hex')]
  return { halves, text: halves.join('') }
}

/**
 * The command of a POSIX shell that prints a marker. The command is `echo`, because busybox's shell loses the text of `printf` when
 * a job in the background ends in the middle of the write: the signal interrupts the write, and `printf` does not repeat it.
 *
 * @param suffix the text after the marker, as it stands between double quotes: `:$?;`
 */
export function printMarker({ halves }: Marker, suffix = ''): string {
  return `echo "${halves.join('""')}${suffix}"`
}

const gap = kernelMessagesHere
// One expression for all markers, because taking an expression apart takes as long as a command.
const anyMarker = Object.assign(
  new RegExp(`v${gap}h${gap}(?:[\\da-f]${gap}){16}(?::${gap}(?:\\d${gap}){1,3};|(?:\\r${gap}){0,3}\\n)`),
  // Errors show this as the name of the pattern.
  { toString: () => 'the end of the command' },
)

/**
 * Waits for a marker and the end of the line after it, or a number between `:` and `;`. Markers of earlier commands count as
 * output, and so does half of this one.
 */
export async function waitForMarker(console: Conversation, { text }: Marker, deadline: Deadline): Promise<SeenMarker> {
  let before = ''
  for (;;) {
    const match = await console.expect(anyMarker, deadline.within())
    before += match.before
    const seen = splitKernelMessages(match.text)
    if (seen.text.startsWith(text)) {
      const end = seen.text.slice(text.length)
      const number = end.startsWith(':') ? Number(end.slice(1, -1)) : undefined
      return { before, kernelMessages: seen.kernelMessages, number, lineEnd: end, time: match.time }
    }
    before += match.text
  }
}
