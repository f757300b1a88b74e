import { pause } from '../../base/pause.ts'
import type { Conversation } from '../console/types.ts'
import type { Deadline } from './deadline.ts'
import { kernelMessagesHere, splitKernelMessages } from './kernel-messages.ts'
import type { KnownPrompt } from './known-prompt.ts'
import { createMarker, knownLength, type Marker, printMarker } from './marker.ts'

/** A marker on a console. */
export interface SeenMarker {
  readonly marker: Marker
  /** True for the answer to the question for the exit code: the marker itself was lost. */
  readonly isAnswer: boolean
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

const gap = kernelMessagesHere
// One expression for all markers, because taking an expression apart takes as long as a command.
const anyMarker = Object.assign(
  new RegExp(`v${gap}h${gap}(?:[\\da-f]${gap}){16}(?::${gap}(?:\\d${gap}){1,3};|(?:\\r${gap}){0,3}\\n)`),
  // Errors show this as the name of the pattern.
  { toString: () => 'the end of the command' },
)

/** The command that keeps the exit code of the command before it, because an end marker may be lost on the way. U-Boot's variables begin with a letter. */
export const keepExitCode = 'vhcode=$?'

/** The command that prints a marker with the exit code that {@link keepExitCode} has kept. */
export function printExitCode(marker: Marker): string {
  return printMarker(marker, ':${vhcode};')
}

/** The time without output after which a prompt counts as the end of a command, in milliseconds. */
const quietMs = 500
/** The most questions for the exit code of one command. */
const maxQuestions = 5

/** The way to find out that a command has ended although what it printed last was lost or damaged on the way. */
export interface LostEnd {
  readonly prompt: KnownPrompt
  /**
   * The texts of which one has to come before a prompt counts: pieces of the typed line, of which a narrow terminal shows only
   * some. An earlier prompt may not have been read.
   */
  readonly after?: readonly string[] | undefined
  /** A pattern that says that the shell does not run the line, and makes the error of that. */
  readonly refusal?: Refusal | undefined
}

/** How a shell tells that it does not run a line. */
export interface Refusal {
  readonly pattern: RegExp
  /** Brings the shell back to its prompt, and throws. */
  readonly fail: () => Promise<never>
}

/**
 * Waits for one of some markers and the end of the line after it, or a number between `:` and `;`. Other markers count as output,
 * and so does half of one.
 *
 * A marker may be lost: a board that is busy loses characters, and so does a bad line. Then a prompt comes and nothing after it.
 * The shell is asked for the exit code, until it is understood.
 *
 * @param lost tells when to ask; without it a lost marker is waited for until the deadline
 */
export async function waitForMarker(
  console: Conversation,
  markers: readonly Marker[],
  deadline: Deadline,
  lost?: LostEnd,
): Promise<SeenMarker> {
  const other = [lost?.prompt.pattern, lost?.refusal?.pattern].filter((pattern) => pattern !== undefined)
  const patterns = [anyMarker, ...other]
  const asked: Marker[] = []
  let before = ''
  let output: string | undefined
  for (;;) {
    const match = await console.expect(patterns, deadline.within())
    before += match.before
    if (match.index > 0) {
      if (patterns[match.index] === lost?.refusal?.pattern) await lost?.refusal?.fail()
      const isEnd = lost !== undefined && isAtPrompt(lost, before + match.text, markers)
      if (isEnd && asked.length < maxQuestions && (await isQuiet(console, deadline))) {
        output ??= before
        const question = createMarker()
        asked.push(question)
        await console.sendLine(printExitCode(question), { signal: deadline.signal })
      }
      before += match.text
      continue
    }
    const seen = splitKernelMessages(match.text)
    const marker = [...markers, ...asked].find(({ text }) => seen.text.startsWith(text))
    if (marker === undefined) {
      before += match.text
      continue
    }
    const end = seen.text.slice(marker.text.length)
    const isAnswer = asked.includes(marker)
    return {
      marker,
      isAnswer,
      before: (isAnswer ? output : undefined) ?? before,
      kernelMessages: seen.kernelMessages,
      number: end.startsWith(':') ? Number(end.slice(1, -1)) : undefined,
      lineEnd: end,
      time: match.time,
    }
  }
}

function isAtPrompt({ prompt, after }: LostEnd, printed: string, markers: readonly Marker[]): boolean {
  const { text } = splitKernelMessages(printed)
  const isTyped = after === undefined || after.some((piece) => text.includes(piece))
  return isTyped && prompt.endsOf(printed, markers.at(-1)?.text.slice(0, knownLength) ?? '')
}

/** @returns true if nothing is printed for some time. A program may have printed what looks like the prompt. */
async function isQuiet(console: Conversation, deadline: Deadline): Promise<boolean> {
  await pause(Math.min(quietMs, deadline.remainingMs()), { signal: deadline.signal, what: 'the wait for a command' })
  return console.peek() === ''
}
