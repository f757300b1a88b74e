import type { WaitOptions } from '../../base/wait-options.ts'
import type { HardwareError } from '../../errors.ts'

/**
 * A pattern to wait for: a text, bytes as the device sent them, or a regular expression, in which `^` and `$` are the ends of
 * lines.
 *
 * Texts and expressions match clean text: UTF-8, without escape sequences. An expression reads no more than 8 192 characters
 * after the place where its match begins.
 */
export type Pattern = string | Uint8Array | RegExp

/** Limits of one wait for output (default 30 s). */
export type ExpectOptions = WaitOptions

/** A place in the output of a console: between two characters, and between two bytes. */
export interface Mark {
  /** The number of characters of clean text before it. */
  readonly text: number
  /** The number of bytes before it. */
  readonly raw: number
}

/** A match of a pattern. */
export interface Match {
  /** The text that matched. */
  readonly text: string
  /** The output between the previous match and this one. */
  readonly before: string
  /** The named groups of a regular expression, as in JavaScript; empty without any. */
  readonly groups: Readonly<Record<string, string | undefined>>
  /** All groups of a regular expression, by position. The first is at 0. */
  readonly captures: readonly (string | undefined)[]
  /** The index of the pattern: 0 for the first, or the only one. */
  readonly index: number
  /** The places where it begins and ends. */
  readonly start: Mark
  readonly end: Mark
  /** The time when its last byte came, in milliseconds since 1970. */
  readonly time: number
  /** The duration of the wait, in milliseconds. */
  readonly waitedMs: number
}

/** The speed of typing, for devices that lose characters that come too fast. */
export interface SendOptions {
  /** The pause after each character, in milliseconds (default 0: all at once). */
  readonly charDelayMs?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** Options of a typed line. */
export interface SendLineOptions extends SendOptions {
  /** The end of the line (default: that of the console). */
  readonly lineEnd?: string | undefined
}

/** @returns true for a line that no program can have printed, only the board's system, by the text before a guard's match */
export type IsSystemLine = (lineStart: string) => boolean

/** A command in whose output the words of guards prove nothing, because the command types and prints them itself. */
export interface WatchedCommand {
  /** Ends it at a place, because the command has ended. Words of guards before that place are forgotten; later ones count. */
  ended(at: Mark): void
  /**
   * Ends it, because the command did not end. The words of guards count.
   *
   * @returns the failure GUARD_TRIPPED that they report, if there were any
   */
  broken(): HardwareError | undefined
}

/** The part of a console that a shell, or any other conversation, needs. */
export interface Conversation {
  /** The name in errors. */
  readonly name: string
  /** Waits for a pattern after the cursor, and moves the cursor behind the match. */
  expect(pattern: Pattern | readonly Pattern[], options?: ExpectOptions): Promise<Match>
  /** The output after the cursor. */
  peek(): string
  /** The place of the cursor. */
  mark(): Mark
  /** Moves the cursor behind everything that has been printed so far. */
  skip(): void
  /** The output after a place. */
  since(mark: Mark): string
  /** The output after a place, as bytes from the device. */
  rawSince(mark: Mark): Buffer
  /**
   * Keeps the words of guards in the output from here on, until it is known if a command has ended.
   *
   * @param isSystemLine finds the lines that fail the board at once; `undefined` for a command that no guard watches
   */
  watchCommand(isSystemLine: IsSystemLine | undefined): WatchedCommand
  /** Types text or bytes, unchanged. */
  send(text: string | Uint8Array, options?: SendOptions): Promise<void>
  /** Types a line and its end, which is a carriage return unless the console has another. */
  sendLine(line: string, options?: SendLineOptions): Promise<void>
  /** Replaces secrets that were typed by `***`, in a text for an error. */
  masked(text: string): string
  /** Types a line that errors do not show. */
  secret(line: string, options?: SendLineOptions): Promise<void>
}
