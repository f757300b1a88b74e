import { randomBytes } from 'node:crypto'

import type { Conversation } from '../console/types.ts'
import type { Deadline } from './deadline.ts'
import { kernelMessagesHere, splitKernelMessages } from './kernel-messages.ts'

/** A word that nothing else prints. It is typed in two halves, so that the echo of what is typed is not the word. */
export interface Marker {
  readonly text: string
  readonly halves: readonly [string, string]
}

/** A marker on a console. */
export interface SeenMarker {
  /** What was printed before it, since the cursor. */
  readonly before: string
  /** What has cut it, a kernel message each. */
  readonly kernelMessages: readonly string[]
  /** The number that was printed behind it with a colon … */
  readonly number: number | undefined
  /** … or the end of line that was. */
  readonly lineEnd: string
  /** When it was complete, in milliseconds since 1970. */
  readonly time: number
}

/** Makes a word of 64 random bits, of letters and digits, which no shell changes. */
export function createMarker(): Marker {
  const halves: Marker['halves'] = [`vh${randomBytes(4).toString('hex')}`, randomBytes(4).toString('hex')]
  return { halves, text: halves.join('') }
}

const gap = kernelMessagesHere
// One expression for all markers, because taking an expression apart takes as long as a command.
const anyMarker = Object.assign(
  new RegExp(`v${gap}h${gap}(?:[\\da-f]${gap}){16}(?::${gap}(?:\\d${gap}){1,3};|(?:\\r${gap}){0,3}\\n)`),
  // For errors that show what was waited for.
  { toString: () => 'the end of the command' },
)

/**
 * Waits for a marker, and for what ends it: the end of the line, or a number between `:` and `;`. Markers of earlier
 * commands are output like any other, and so is half of this one.
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
