import { HardwareError, type HardwareErrorOptions, messageOf } from '../../errors.ts'
import type { Waits } from '../waits.ts'
import { explain } from './explain.ts'
import { describeTripped, guardError, type Tripped } from './guards.ts'
import { preparePattern, type SearchFactory, showPattern } from './pattern.ts'
import { type Found, TextSearch } from './search.ts'
import type { Source } from './source.ts'
import type { ExpectOptions, Mark, Match, Pattern } from './types.ts'
import { waitForOutput, type WaitResult } from './wait.ts'

/** What readers of one console have in common. */
export interface ReaderContext {
  /** How errors name the console. */
  readonly name: string
  readonly source: Source
  /** Limits that a wait has unless it is given others. */
  readonly limits: () => { readonly signal?: AbortSignal | undefined; readonly timeoutMs: number }
  /** End when the board has failed, by what another console has printed. */
  readonly waits: Waits | undefined
  readonly isOwnFailure: (reason: unknown) => boolean
  /** What errors do not show. */
  readonly secrets: ReadonlySet<string>
}

/**
 * Reads what a console prints, with a cursor of its own. Looking for something moves the cursor and takes nothing away, so
 * that any number of readers see everything.
 */
export class ConsoleReader {
  /** How errors name the console. */
  readonly name: string
  protected readonly context: ReaderContext
  #cursor: Mark
  #waiting: string | undefined

  /** @param cursor where it begins */
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
   * Waits for a pattern after the cursor, and moves the cursor behind what it matched. Of several patterns, the one whose
   * match begins first counts, and of those that begin together the first of the list. The result is the same however the
   * output is cut into pieces: a match that more output could change, such as one of `\d+` at the very end, counts when
   * more has come, or the console has been quiet for 250 ms.
   *
   * @param options.timeoutMs how long to wait, in milliseconds (default 30 000, or most of the test's time if that is less)
   * @throws HardwareError CONSOLE_TIMEOUT with the last lines, CONSOLE_CLOSED when the device is gone, GUARD_TRIPPED when
   *   the board has failed, CALL_CANCELLED when the signal is aborted, CONSOLE_BUSY while another wait of this reader is
   *   under way, ARGUMENT_INVALID for what is no pattern
   *
   * @example
   * ```ts
   * const { index } = await dut.console.expect([/login: /, '=> '], { timeoutMs: 60_000 })
   * ```
   */
  async expect(pattern: Pattern | readonly Pattern[], options: ExpectOptions = {}): Promise<Match> {
    const patterns = isList(pattern) ? pattern : [pattern]
    const shown = patterns.map(showPattern).join(' or ')
    this.#begin(shown)
    const began = performance.now()
    const from = this.#cursor
    try {
      const prepared = await Promise.all(patterns.map(preparePattern))
      const { found, index } = await this.#wait(prepared, `print ${shown}`, options, patterns)
      this.#cursor = found.end
      const before = this.context.source.transcript.text(from.text, found.start.text)
      const time = this.context.source.transcript.timeAt(found.end)
      return { ...found, index, before, time, waitedMs: performance.now() - began }
    } finally {
      this.#waiting = undefined
    }
  }

  /** What has been printed after the cursor, which stays where it is. */
  peek(): string {
    return this.since(this.#cursor)
  }

  /** The place of the cursor. */
  mark(): Mark {
    return this.#cursor
  }

  /** What has been printed after a place, as text without escape sequences. */
  since(mark: Mark): string {
    this.context.source.flush()
    return this.context.source.transcript.text(mark.text)
  }

  /** What has been printed after a place, as the device sent it. */
  rawSince(mark: Mark): Buffer {
    this.context.source.flush()
    return this.context.source.transcript.raw(mark.raw)
  }

  /** Moves the cursor behind everything that has been printed so far. */
  skip(): void {
    this.context.source.flush()
    this.#cursor = this.context.source.transcript.end
  }

  /**
   * The lines after the cursor, each when it is complete, without their ends; a last one without an end when the stream
   * ends. The cursor stays where it is.
   *
   * @throws HardwareError as {@link ConsoleReader.expect}; there is no time limit unless one is given
   */
  async *lines({ signal, timeoutMs }: ExpectOptions = {}): AsyncGenerator<string, void, void> {
    const reader = new ConsoleReader(this.context, this.#cursor)
    const newline: SearchFactory = (from) => new TextSearch('\n', from)
    for (;;) {
      const from = reader.#cursor
      const result = await reader.#result([newline], { signal: signal ?? this.context.limits().signal, timeoutMs })
      if (result.kind === 'closed') {
        const rest = reader.peek()
        if (rest !== '') yield rest
        return
      }
      const { found } = reader.#foundOf(result, 'print another line', { timeoutMs: timeoutMs ?? 0 })
      reader.#cursor = found.end
      yield this.context.source.transcript.text(from.text, found.start.text).replace(/\r$/, '')
    }
  }

  #begin(shown: string): void {
    if (this.#waiting !== undefined) {
      throw new HardwareError(
        'CONSOLE_BUSY',
        `Console ${this.name} is already waited on, for ${this.#waiting}: two waits cannot share a cursor. ` +
          'Give expect() a list of patterns, or use a reader() of its own.',
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

  async #result(
    prepared: readonly SearchFactory[],
    { signal, timeoutMs }: { signal: AbortSignal | undefined; timeoutMs: number | undefined },
  ): Promise<WaitResult> {
    const { source, waits, isOwnFailure } = this.context
    const signals = [signal, waits?.signal].filter((one) => one !== undefined)
    return waitForOutput(source, prepared, { from: this.#cursor, timeoutMs, signals, ignores: isOwnFailure })
  }

  /** @throws HardwareError for every other result */
  #foundOf(
    result: WaitResult,
    what: string,
    { timeoutMs, patterns }: { timeoutMs: number; patterns?: readonly Pattern[] },
  ): { readonly found: Found; readonly index: number } {
    switch (result.kind) {
      case 'found':
        return result
      case 'tripped':
        throw this.#failedBy(result.tripped, what)
      case 'closed': {
        const cause = this.context.source.closed?.cause
        const message = this.#explain(cause === undefined ? 'was closed' : `was closed: ${cause.message}`)
        throw new HardwareError('CONSOLE_CLOSED', message, { cause, ...originOf(cause) })
      }
      case 'failed':
        throw result.error
      case 'timeout':
        throw new HardwareError('CONSOLE_TIMEOUT', this.#explain(`did not ${what} in ${timeoutMs} ms`, patterns))
      case 'aborted': {
        const { reason } = result
        if (reason instanceof HardwareError) {
          const message = `Console ${this.name} did not ${what}: ${reason.message}`
          throw new HardwareError(reason.code, message, { cause: reason, origin: reason.origin })
        }
        const message = this.#explain(`did not ${what}: the wait was cancelled (${messageOf(reason)})`)
        throw new HardwareError('CALL_CANCELLED', message, { cause: reason })
      }
    }
  }

  /** The next wait begins behind what the guard has found, as after a restart. */
  #failedBy(tripped: Tripped, what: string): HardwareError {
    const message = this.#explain(`did not ${what}, because of a ${describeTripped(tripped)}`)
    this.#cursor = tripped.end
    return guardError(tripped, message)
  }

  #explain(what: string, patterns: readonly Pattern[] = []): string {
    const { name, source, secrets } = this.context
    return explain(source, what, { name, cursor: this.#cursor, patterns, secrets })
  }
}

/** It is not the device that has failed where the way to it has. */
export function originOf(cause: unknown): Pick<HardwareErrorOptions, 'origin'> {
  return cause instanceof HardwareError ? { origin: cause.origin } : {}
}

function isList(pattern: Pattern | readonly Pattern[]): pattern is readonly Pattern[] {
  return Array.isArray(pattern)
}
