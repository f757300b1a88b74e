import { cutText } from '../../base/cut-text.ts'
import { maskSecrets } from '../../base/mask-secrets.ts'
import { type ErrorCode, type ErrorDetails, HardwareError, type HardwareErrorOptions } from '../../errors.ts'
import type { ConsoleStream } from './console-stream.ts'
import { isGarbled, judgedBytes } from './garbled.ts'
import { nearMiss } from './near-miss.ts'
import type { SentTexts } from './sent-texts.ts'
import type { Mark, Pattern } from './types.ts'

/** The number of lines in an error. */
const shownLines = 15
/** The length at which a line in an error is cut, in characters. */
const shownLength = 300
/** The length of the recent output in which a near miss is searched, in characters. */
const recentLength = 64 * 1024

/** The console of an error, and the place of its reader. */
export interface ConsoleErrorContext {
  readonly name: string
  /** The facts of the connection. */
  readonly details?: ErrorDetails | undefined
  readonly stream: ConsoleStream
  /** Texts that errors replace by `***`. */
  readonly secrets: ReadonlySet<string>
  readonly sent: SentTexts
  /** Returns the time of the last call of a driver, in milliseconds since 1970; not known outside of tests. */
  readonly lastCallAt?: (() => number) | undefined
  readonly cursor: Mark
  /** True if the cursor is behind a match. */
  readonly isBehindMatch: boolean
}

/** Options of {@link consoleError}. */
export interface ConsoleErrorOptions extends Pick<HardwareErrorOptions, 'cause' | 'origin'> {
  /** The patterns of the wait. The error says which of them nearly matched. */
  readonly patterns?: readonly Pattern[] | undefined
  /** The time limit of the wait, in milliseconds. */
  readonly limitMs?: number | undefined
  /** The output that a guard has found. */
  readonly printed?: string | undefined
}

/**
 * Makes the error of a wait that has failed, with near misses and the last lines.
 *
 * @param what the rest of the sentence that begins with the console: `was closed`
 */
export function consoleError(
  code: ErrorCode,
  what: string,
  {
    name,
    details: facts,
    stream,
    secrets,
    sent,
    lastCallAt = () => Infinity,
    cursor,
    isBehindMatch,
  }: ConsoleErrorContext,
  { patterns = [], limitMs, printed, cause, origin }: ConsoleErrorOptions = {},
): HardwareError {
  const { transcript } = stream
  const mask = (text: string) => maskSecrets(text, secrets)
  const from = Math.max(0, transcript.end.text - recentLength)
  const recent = transcript.text(from)
  const misses = patterns.flatMap((pattern) => nearMiss(pattern, recent, cursor.text - from) ?? [])
  const typed = code === 'CONSOLE_TIMEOUT' ? sent.after(cursor) : []
  const isNoise =
    code === 'CONSOLE_TIMEOUT' && isGarbled(transcript.raw(Math.max(cursor.raw, transcript.end.raw - judgedBytes)))
  const isSilent = transcript.text(cursor.text).trim() === ''
  const silence = isBehindMatch ? ' since the last match' : cursor.text > 0 ? ' since the wait began' : ''
  const sentence = `Console ${name} ${what}.`
  const message = [
    `${sentence} ${isSilent ? `It has printed nothing${silence}.` : 'Last lines:'}`,
    ...lastLines(recent, cursor.text - from),
    ...(typed.length === 0 ? [] : [`It was sent ${typed.join(', ')}.`]),
    ...misses.map(({ text }) => text),
    ...(isNoise
      ? ['Most of this is no text: compare the rate of the serial line (baudrate) with the device, and its wires.']
      : []),
  ].join('\n')
  const details = { ...facts, console: name, limitMs, printed: printed === undefined ? undefined : mask(printed) }
  // A text that came before is not to be expected again, unless something was done to the board since then.
  const isPassed = (at: number) => !sent.isAfter(at) && transcript.timeAt({ text: at, raw: 0 }) > lastCallAt()
  const isMistake = misses.some(({ fault, passedAt }) => {
    return fault === 'pattern' || (passedAt !== undefined && isPassed(from + passedAt))
  })
  const party = isNoise ? 'lab' : isMistake ? 'test' : origin
  return new HardwareError(code, mask(message), { cause, origin: party, details, shortMessage: mask(sentence) })
}

/** @returns the origin of a cause, for an error that is not the device's own fault */
export function originOf(cause: unknown): HardwareError['origin'] | undefined {
  return cause instanceof HardwareError ? cause.origin : undefined
}

/** @returns the code of the error of a console that was closed. The end of its exporter, or of the lease, is the real failure. */
export function codeOfClose(cause: unknown): ErrorCode {
  const isConsequence = cause instanceof HardwareError && ['EXPORTER_FAILED', 'LEASE_LOST'].includes(cause.code)
  return isConsequence ? cause.code : 'CONSOLE_CLOSED'
}

/** Formats the last lines. Lines before the cursor begin with a dot. */
function lastLines(text: string, cursor: number): string[] {
  if (text === '') return []
  const behind = text.slice(0, Math.max(0, cursor)).split('\n').length - 1
  const lines = text.split('\n').map((line, number) => {
    return `  ${number < behind ? '·' : '|'} ${cutText(line.replace(/\r$/, ''), shownLength)}`
  })
  return lines.slice(-shownLines)
}
