import { cutText } from '../../base/cut-text.ts'
import { type ErrorCode, type ErrorDetails, HardwareError, type HardwareErrorOptions } from '../../errors.ts'
import type { ConsoleStream } from './console-stream.ts'
import { isGarbled, judgedBytes } from './garbled.ts'
import { showPattern } from './pattern.ts'
import type { SentTexts } from './sent-texts.ts'
import type { Mark, Pattern } from './types.ts'

/** The number of lines in an error. */
const shownLines = 15
/** The length at which a line in an error is cut, in characters. */
const shownLength = 300
/** The length of the recent output in which a near miss is searched, in characters. */
const recentLength = 64 * 1024
/** The shortest beginning of a text that counts as a near miss, in characters. */
const shortestNearMiss = 4

/** The console of an error, and the place of its reader. */
export interface ConsoleErrorContext {
  readonly name: string
  /** The facts of the connection. */
  readonly details?: ErrorDetails | undefined
  readonly stream: ConsoleStream
  /** Texts that errors replace by `***`. */
  readonly secrets: ReadonlySet<string>
  readonly sent: SentTexts
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
}

/**
 * Makes the error of a wait that has failed, with near misses and the last lines.
 *
 * @param what the rest of the sentence that begins with the console: `was closed`
 */
export function consoleError(
  code: ErrorCode,
  what: string,
  { name, details: facts, stream, secrets, sent, cursor, isBehindMatch }: ConsoleErrorContext,
  { patterns = [], limitMs, cause, origin }: ConsoleErrorOptions = {},
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
    ...misses,
    ...(isNoise
      ? ['Most of this is no text: compare the rate of the serial line (baudrate) with the device, and its wires.']
      : []),
  ].join('\n')
  const details = { ...facts, console: name, limitMs }
  const party = isNoise ? 'lab' : origin
  return new HardwareError(code, mask(message), { cause, origin: party, details, shortMessage: mask(sentence) })
}

/** Replaces the secrets in a text by `***`. */
export function maskSecrets(text: string, secrets: ReadonlySet<string>): string {
  return [...secrets].reduce((masked, secret) => masked.replaceAll(secret, '***'), text)
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

/**
 * Describes why a pattern did not match though the output is close to it.
 *
 * @param text the recent output
 * @param cursor the place in the text where the wait began
 */
function nearMiss(pattern: Pattern, text: string, cursor: number): string | undefined {
  // A pattern with a name of its own stands for one of many texts, such as the end of one of several commands.
  if (pattern instanceof Uint8Array || Object.hasOwn(pattern as object, 'toString')) return undefined
  const shown = showPattern(pattern)
  const [before, after] = [text.slice(0, Math.max(0, cursor)), text.slice(Math.max(0, cursor))]
  if (typeof pattern === 'string') {
    if (before.includes(pattern)) return `${shown} came before: an earlier wait has gone past it.`
    const other = after.toLowerCase().indexOf(pattern.toLowerCase())
    if (other >= 0) return `There is ${JSON.stringify(after.slice(other, other + pattern.length))} instead of ${shown}.`
    for (let length = pattern.length - 1; length >= Math.max(shortestNearMiss, pattern.length / 2); length--) {
      if (after.includes(pattern.slice(0, length))) {
        return `There is the beginning of ${shown}: ${JSON.stringify(pattern.slice(0, length))}.`
      }
    }
    return undefined
  }
  const flags = `m${pattern.flags.replaceAll(/[gmy]/g, '')}`
  if (new RegExp(pattern.source, flags).test(before)) return `${shown} came before: an earlier wait has gone past it.`
  const found = new RegExp(pattern.source, `i${flags.replace('i', '')}`).exec(after)?.[0]
  return found === undefined ? undefined : `There is ${JSON.stringify(found)}, which ${shown} matches but for the case.`
}
