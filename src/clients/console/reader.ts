import { now } from '../../base/clock.ts'
import { maskSecrets } from '../../base/mask-secrets.ts'
import type { WaitOptions } from '../../base/wait-options.ts'
import { type ErrorCode, HardwareError, messageOf } from '../../errors.ts'
import type { RunningStep } from '../../recording/recorder.ts'
import { recordStep } from '../../recording/record-step.ts'
import { noteWait } from '../call-options.ts'
import { codeOfClose, consoleError, type ConsoleErrorOptions, originOf } from './console-error.ts'
import { describeGuardHit, type GuardHit } from './guards.ts'
import { preparePattern, type SearchFactory, showPattern } from './pattern.ts'
import type { ReaderContext } from './reader-context.ts'
import { type Found, TextSearch } from './search.ts'
import type { ExpectOptions, Mark, Match, Pattern } from './types.ts'
import { type OutputWaitResult, waitForOutput } from './wait-for-output.ts'

/** Reads the output of a console from its own cursor on. A match moves the cursor and takes nothing away from other readers. */
export class ConsoleReader {
  /** The name of the console in errors. */
  readonly name: string
  protected readonly context: ReaderContext
  #cursor: Mark
  #isBehindMatch = false
  #waiting: string | undefined

  /** @param cursor the place where the reader begins */
  constructor(context: ReaderContext, cursor: Mark) {
    this.name = context.name
    this.context = context
    this.#cursor = cursor
  }

  /** Everything printed so far, as text without escape sequences. */
  get all(): string {
    return this.since({ text: 0, raw: 0 })
  }

  /**
   * Waits for a pattern after the cursor, and moves the cursor behind the match. Of several patterns, the one whose match begins
   * first counts; of matches that begin together, the first pattern of the list. The result does not depend on the pieces in
   * which the output comes: a match that more output could change, such as one of `\d+` at the very end, counts when more output
   * has come, or the console has been quiet for 250 ms.
   *
   * @param options.timeoutMs the longest wait, in milliseconds (default: the rest of the test's time, outside of tests 30 000)
   * @throws HardwareError CONSOLE_TIMEOUT with the last lines, CONSOLE_CLOSED when the device is gone, EXPORTER_FAILED
   *   when the exporter has ended, GUARD_TRIPPED when the board has failed, CALL_CANCELLED when the signal is aborted, CONSOLE_BUSY while another wait of this reader is
   *   under way, ARGUMENT_INVALID for a value that is no pattern
   *
   * @example
   * ```ts
   * const { index } = await dut.console.expect([/login: /, '=> '], { timeoutMs: 60_000 })
   * ```
   */
  expect(pattern: Pattern | readonly Pattern[], options: ExpectOptions = {}): Promise<Match> {
    const step = { kind: 'expect', target: `${this.name}.expect`, args: [pattern] } as const
    return recordStep(step, (running) => this.#expect(pattern, options, running))
  }

  async #expect(
    pattern: Pattern | readonly Pattern[],
    options: ExpectOptions,
    step: RunningStep | undefined,
  ): Promise<Match> {
    const patterns = isList(pattern) ? pattern : [pattern]
    const shown = patterns.map(showPattern).join(' or ')
    this.#begin(shown)
    const waitEnded = noteWait(() => this.#describeWait(`print ${shown}`))
    const began = now()
    const from = this.#cursor
    try {
      const prepared = await Promise.all(patterns.map(preparePattern))
      const { found, index } = await this.#wait(prepared, `print ${shown}`, options, patterns)
      this.#cursor = found.end
      this.#isBehindMatch = true
      const before = this.context.stream.transcript.text(from.text, found.start.text)
      const time = this.context.stream.transcript.timeAt(found.end)
      const match = { ...found, index, before, time, waitedMs: now() - began }
      step?.answered({ text: match.text, captures: match.captures, groups: match.groups })
      return match
    } finally {
      waitEnded()
      this.#waiting = undefined
    }
  }

  /** The output after the cursor. The cursor does not move. */
  peek(): string {
    return this.since(this.#cursor)
  }

  /** The place of the cursor. */
  mark(): Mark {
    return this.#cursor
  }

  /** The output after a place, up to another (default: all of it), as text without escape sequences. */
  since(mark: Mark, end?: Mark): string {
    this.context.stream.flush()
    return this.context.stream.transcript.text(mark.text, end?.text)
  }

  /** The output after a place, as bytes from the device. */
  rawSince(mark: Mark): Buffer {
    this.context.stream.flush()
    return this.context.stream.transcript.raw(mark.raw)
  }

  /** Replaces secrets that were typed by `***`, in a text for an error. */
  masked(text: string): string {
    return maskSecrets(text, this.context.secrets)
  }

  /** Moves the cursor behind everything that has been printed so far. */
  skip(): void {
    this.context.stream.flush()
    this.#cursor = this.context.stream.transcript.end
    this.#isBehindMatch = false
  }

  /**
   * The lines after the cursor, without their ends, each when it is complete; at the end of the stream also an incomplete line.
   * The cursor does not move.
   *
   * @throws HardwareError as {@link ConsoleReader.expect}; there is no time limit unless one is given
   */
  async *lines({ signal, timeoutMs }: ExpectOptions = {}): AsyncGenerator<string, void, void> {
    const reader = new ConsoleReader(this.context, this.#cursor)
    const newline: SearchFactory = (from) => new TextSearch('\n', from)
    for (;;) {
      const from = reader.#cursor
      const waitEnded = noteWait(() => reader.#describeWait('print another line'))
      const limits = { signal: signal ?? this.context.limits().signal, timeoutMs }
      const result = await reader.#result([newline], limits).finally(waitEnded)
      if (result.kind === 'closed') {
        const rest = reader.peek()
        if (rest !== '') yield rest
        return
      }
      const { found } = reader.#foundOf(result, 'print another line', { timeoutMs: timeoutMs ?? 0 })
      reader.#cursor = found.end
      yield this.context.stream.transcript.text(from.text, found.start.text).replace(/\r$/, '')
    }
  }

  #describeWait(what: string): string {
    return this.#error('CONSOLE_TIMEOUT', `did not ${what} so far`, {}).message
  }

  #begin(shown: string): void {
    if (this.#waiting !== undefined) {
      throw new HardwareError(
        'CONSOLE_BUSY',
        `Console ${this.name} is already waited on, for ${this.#waiting}: two waits cannot share a cursor. ` +
          'Give expect() a list of patterns, or make another reader().',
      )
    }
    this.#waiting = shown
  }

  async #wait(
    prepared: readonly SearchFactory[],
    what: string,
    options: ExpectOptions,
    patterns: readonly Pattern[],
  ): Promise<{ readonly found: Found; readonly index: number }> {
    const limits = this.context.limits()
    const { signal = limits.signal, timeoutMs = limits.timeoutMs } = options
    return this.#foundOf(await this.#result(prepared, { signal, timeoutMs }), what, { timeoutMs, patterns })
  }

  async #result(prepared: readonly SearchFactory[], { signal, timeoutMs }: WaitOptions): Promise<OutputWaitResult> {
    const { stream, returnTimeoutMs, boardFailure, isOwnFailure: ignores } = this.context
    const signals = [signal, boardFailure?.signal].filter((one) => one !== undefined)
    return waitForOutput(stream, prepared, { from: this.#cursor, timeoutMs, returnTimeoutMs, signals, ignores })
  }

  /** @throws HardwareError for every other result */
  #foundOf(
    result: OutputWaitResult,
    what: string,
    { timeoutMs, patterns }: { timeoutMs: number; patterns?: readonly Pattern[] },
  ): { readonly found: Found; readonly index: number } {
    switch (result.kind) {
      case 'found':
        return result
      case 'guard':
        throw this.#guardError(result.hit, what)
      case 'closed': {
        const cause = (this.context.stream.closed ?? this.context.stream.away)?.cause
        const how = cause === undefined ? 'was closed' : `was closed: ${cause.message}`
        throw this.#error(codeOfClose(cause), how, { cause, origin: originOf(cause) })
      }
      case 'failed':
        throw result.error
      case 'timeout':
        throw this.#error('CONSOLE_TIMEOUT', `did not ${what} in ${timeoutMs} ms`, { patterns, limitMs: timeoutMs })
      case 'aborted':
        throw this.#abortedError(result.signal.reason, what)
    }
  }

  #abortedError(cause: unknown, what: string): HardwareError {
    if (!(cause instanceof HardwareError)) {
      return this.#error('CALL_CANCELLED', `did not ${what}: the wait was cancelled (${messageOf(cause)})`, { cause })
    }
    const begin = `Console ${this.name} did not ${what}: `
    return new HardwareError(cause.code, begin + cause.message, {
      cause,
      origin: cause.origin,
      details: { ...cause.details, console: this.name },
      shortMessage: begin + cause.shortMessage,
    })
  }

  /** The cursor moves behind the match of the guard, so the next wait begins there, as after a restart. */
  #guardError(hit: GuardHit, what: string): HardwareError {
    const how = `did not ${what}, because of a ${describeGuardHit(hit)}`
    const error = this.#error('GUARD_TRIPPED', how, { origin: hit.guard.origin, printed: hit.text.trim() })
    this.pass(hit)
    return error
  }

  /** Moves the cursor behind a guard's match that an error has told. */
  protected pass({ end }: GuardHit): void {
    if (end.text <= this.#cursor.text) return
    this.#cursor = end
    this.#isBehindMatch = false
  }

  #error(code: ErrorCode, what: string, options: ConsoleErrorOptions): HardwareError {
    return consoleError(
      code,
      what,
      { ...this.context, cursor: this.#cursor, isBehindMatch: this.#isBehindMatch },
      options,
    )
  }
}

function isList(pattern: Pattern | readonly Pattern[]): pattern is readonly Pattern[] {
  return Array.isArray(pattern)
}
