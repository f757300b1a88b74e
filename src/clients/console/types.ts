/**
 * What to look for: a text as it is, bytes as the device sent them, or a regular expression, in which `^` and `$` are the
 * ends of lines.
 *
 * Texts and expressions are held against clean text: UTF-8, without escape sequences. Of what follows a position, the
 * first 8 192 characters decide whether an expression matches there.
 */
export type Pattern = string | Uint8Array | RegExp

/** A limit on one wait. */
export interface ExpectOptions {
  readonly signal?: AbortSignal | undefined
  /** How long to wait, in milliseconds (default 30 000). */
  readonly timeoutMs?: number
}

/** A place in what a console has printed: between two characters, and between two bytes. */
export interface Mark {
  /** How many characters of clean text are before it. */
  readonly text: number
  /** How many bytes are before it. */
  readonly raw: number
}

/** What a pattern matched. */
export interface Match {
  /** The text that matched. */
  readonly text: string
  /** What the console printed before it, since the match before. */
  readonly before: string
  /** The groups of a regular expression, by position (the first is at 0) … */
  readonly groups: readonly (string | undefined)[]
  /** … and by name. */
  readonly named: Readonly<Record<string, string | undefined>>
  /** Which of the patterns it was: 0 for the first, or the only one. */
  readonly index: number
  /** Where it begins and ends. */
  readonly start: Mark
  readonly end: Mark
  /** When its last byte came, in milliseconds since 1970. */
  readonly time: number
  /** How long the wait took, in milliseconds. */
  readonly waitedMs: number
}

/** How fast to type, for devices that lose what comes too fast. */
export interface SendOptions {
  /** How long to wait after each character, in milliseconds (default 0: all at once). */
  readonly charDelayMs?: number
  readonly signal?: AbortSignal | undefined
}

/** What a shell, or anything else that converses, needs of a console. */
export interface Conversation {
  /** How errors name it. */
  readonly name: string
  /** Waits for a pattern after the cursor, and moves the cursor behind what it matched. */
  expect(pattern: Pattern | readonly Pattern[], options?: ExpectOptions): Promise<Match>
  /** What has been printed after the cursor. */
  peek(): string
  /** The place of the cursor. */
  mark(): Mark
  /** Moves the cursor behind everything that has been printed so far. */
  skip(): void
  /** What has been printed after a place. */
  since(mark: Mark): string
  /** Types text, or bytes, as they are. */
  send(text: string | Uint8Array, options?: SendOptions): Promise<void>
  /** Types a line, with a carriage return at its end as a keyboard's Enter sends. */
  sendLine(line: string, options?: SendOptions): Promise<void>
  /** Types a line that errors do not show. */
  secret(line: string, options?: SendOptions): Promise<void>
}
