import { wallClock } from '../../base/clock.ts'
import type { Conversation } from '../console/types.ts'
import { outputAfter, withoutMarkerAtEnd, withoutMarkerAtStart } from './damaged-output.ts'
import type { Deadline } from './deadline.ts'
import type { KnownPrompt } from './known-prompt.ts'
import { createMarker, printMarker } from './marker.ts'
import { keepExitCode, printExitCode, type Refusal, waitForMarker } from './wait-for-marker.ts'

/** A command of a shell that knows `;`, `echo`, double quotes and `$?`. */
export interface MarkedCommand {
  /** The command, as it is typed. */
  readonly command: string
  readonly prompt: KnownPrompt
  readonly refusal?: Refusal | undefined
  /** Is called when the output begins. @returns the output that it has read itself, if it has */
  readonly begun: () => Promise<string> | undefined
}

/** The result of {@link runMarked}. */
export interface MarkedResult {
  /** The output, with the ends of lines of the terminal. */
  readonly output: string
  /** The end of lines of the terminal. */
  readonly lineEnd: string
  readonly exitCode: number
  readonly durationMs: number
  /** The kernel messages inside the markers before and behind the output. */
  readonly kernelMessages: readonly [before: readonly string[], behind: readonly string[]]
}

/** Types a command between two markers, and waits for its end, also where a marker is lost on the way. */
export async function runMarked(
  console: Conversation,
  { command, prompt, refusal, begun }: MarkedCommand,
  deadline: Deadline,
): Promise<MarkedResult> {
  const [begin, end] = [createMarker(), createMarker()]
  const line = `${printMarker(begin)}; ${command}; ${keepExitCode}; ${printExitCode(end)}`
  const typedAt = wallClock()
  await console.sendLine(line, { signal: deadline.signal })
  const after = [...begin.halves, ...end.halves]
  const started = await waitForMarker(console, [begin, end], deadline, { prompt, after, refusal })
  const isBegun = started.marker === begin
  const read = isBegun ? await begun() : ''
  const ended = isBegun ? await waitForMarker(console, [end], deadline, { prompt, refusal }) : started
  const output = isBegun
    ? `${read ?? ''}${ended.before}`
    : withoutMarkerAtStart(outputAfter(line, started.before), begin)
  return {
    output: ended.isAnswer ? withoutMarkerAtEnd(output, end) : output,
    lineEnd: isBegun ? started.lineEnd : '\r\n',
    exitCode: ended.number ?? 0,
    durationMs: Math.max(0, ended.time - (isBegun ? started.time : typedAt)),
    kernelMessages: [isBegun ? started.kernelMessages : [], ended.kernelMessages],
  }
}
