import type { Duplex } from 'node:stream'

import { cancelledError } from '../../base/abort.ts'
import { Mutex } from '../../base/mutex.ts'
import { pause } from '../../base/pause.ts'
import { withTimeLimit } from '../../base/time-limit.ts'
import type { WaitOptions } from '../../base/wait-options.ts'
import { type ErrorDetails, HardwareError, messageOf } from '../../errors.ts'
import { recordStep } from '../../recording/record-step.ts'
import type { BoardFailure } from '../board-failure.ts'
import { codeOfClose, originOf } from './console-error.ts'
import { ConsoleStream } from './console-stream.ts'
import { defaultGuards, describeGuardHit, type Guard, type GuardHit } from './guards.ts'
import { ConsoleReader } from './reader.ts'
import { SentTexts } from './sent-texts.ts'
import type { Conversation, IsSystemLine, Mark, SendLineOptions, SendOptions, WatchedCommand } from './types.ts'

/** The time limit of a wait without options, in milliseconds. */
export const defaultExpectTimeoutMs = 30_000

/** Options of a console. */
export interface ConsoleOptions {
  /** Patterns that end every wait when they are printed (default {@link defaultGuards}). */
  readonly guards?: readonly Guard[] | undefined
  /** The pause after each typed character, in milliseconds (default 0). */
  readonly charDelayMs?: number | undefined
  /** The end of a typed line (default: a carriage return, as a keyboard's Enter sends). */
  readonly lineEnd?: string | undefined
  /**
   * The time for which a wait goes on while the device is away, in milliseconds (default 30 000 for a serial port, else 0: a device
   * that goes away closes the console). When the device is back, the console reads on. Its log has a line for each of the two.
   */
  readonly returnTimeoutMs?: number | undefined
  /** The size of the output that is kept in memory, in bytes (default 16 MiB); older output goes to a file. */
  readonly memoryBytes?: number | undefined
  /** Returns the limits of waits without options (default 30 s). */
  readonly limits?: (() => WaitOptions & { readonly timeoutMs: number }) | undefined
  /** The facts of the connection, for errors. */
  readonly details?: ErrorDetails | undefined
  /** Gets the failure that a guard has found, and ends the other waits on the exporter. */
  readonly boardFailure?: BoardFailure | undefined
  /** Gets the secrets that are typed; those in it are masked too (default: the console's own set). */
  readonly secrets?: Set<string> | undefined
  /** Returns the time of the last call of a driver, in milliseconds since 1970 (default: not known). */
  readonly lastCallAt?: (() => number) | undefined
}

/** The number of bytes that are sent under one time limit. */
const sliceBytes = 4096

/** A console without its shells, which have a room of their own above this one. */
export abstract class ConsoleBase extends ConsoleReader implements Conversation, AsyncDisposable {
  readonly #stream: ConsoleStream
  readonly #options: ConsoleOptions
  readonly #secrets: Set<string>
  readonly #sending = new Mutex()

  /**
   * @param name the name in errors
   * @param connect opens the stream; called on first use
   */
  constructor(name: string, connect: () => Promise<Duplex>, options: ConsoleOptions = {}) {
    const { boardFailure, returnTimeoutMs = 0, secrets = new Set() } = options
    const { limits = () => ({ timeoutMs: defaultExpectTimeoutMs }) } = options
    let ownFailure: HardwareError | undefined
    const stream = new ConsoleStream({
      connect,
      guards: options.guards ?? defaultGuards,
      memoryBytes: options.memoryBytes,
      comesBack: returnTimeoutMs > 0,
      onGuardHit: (hit) => {
        ownFailure = guardFailure(name, hit, options.details)
        boardFailure?.report(ownFailure)
      },
    })
    // A reader of this console finds its guards by their place in the output.
    const isOwnFailure = (reason: unknown) => reason === ownFailure
    const sent = new SentTexts()
    super(
      {
        name,
        details: options.details,
        stream,
        returnTimeoutMs,
        limits,
        boardFailure,
        isOwnFailure,
        secrets,
        sent,
        lastCallAt: options.lastCallAt,
      },
      stream.transcript.end,
    )
    this.#stream = stream
    this.#options = options
    this.#secrets = secrets
  }

  /** Opens the stream and begins to read, unless the console reads already. */
  async open(): Promise<void> {
    await this.#stream.attach()
  }

  /**
   * Makes another reader, with its own cursor.
   *
   * @param options.from the place where it begins: the cursor of this reader (default), the first character, or the end
   */
  reader({ from = 'cursor' }: { readonly from?: 'cursor' | 'start' | 'end' | Mark } = {}): ConsoleReader {
    const start: Mark = { text: 0, raw: 0 }
    this.#stream.flush()
    const places = { cursor: this.mark(), start, end: this.#stream.transcript.end }
    return new ConsoleReader(this.context, typeof from === 'string' ? places[from] : from)
  }

  /** The output after a place, as it came: bytes from the device, with the time of each piece, in milliseconds since the process has started. */
  piecesSince({ raw }: Mark): Iterable<{ readonly at: number; readonly bytes: Uint8Array }> {
    this.#stream.flush()
    return this.#stream.transcript.pieces(raw)
  }

  /**
   * Watches the output from now on: as soon as the pattern appears, every wait on the exporter fails with it, and so does every
   * later wait of this console that passes it. Dispose of the result to stop watching.
   *
   * @example
   * ```ts
   * using _ = await dut.console.guard({ pattern: /watchdog reset/i, origin: 'board' })
   * ```
   */
  async guard(guard: Guard): Promise<Disposable> {
    this.#stream.flush()
    const from = this.#stream.transcript.end
    await this.#stream.guards.add(guard, () => from)
    return { [Symbol.dispose]: () => this.#stream.guards.remove(guard) }
  }

  /** See {@link Conversation.watchCommand}. */
  watchCommand(isSystemLine: IsSystemLine | undefined): WatchedCommand {
    const stream = this.#stream
    stream.flush()
    const hold = stream.guards.holds.open(stream.transcript.end, isSystemLine)
    return {
      ended: (at) => stream.tell(stream.guards.holds.end(hold, at)),
      broken: () => {
        const hits = stream.guards.holds.break(hold)
        stream.tell(hits)
        const [first] = hits
        if (first === undefined) return undefined
        this.pass(first)
        return guardFailure(this.name, first, this.#options.details)
      },
    }
  }

  /**
   * Types text or bytes, unchanged. Calls at the same time type one after another.
   *
   * @throws HardwareError CONSOLE_CLOSED when the device is gone, CALL_TIMEOUT when it takes nothing for as long as a wait
   *   may take, CALL_CANCELLED when the signal is aborted
   */
  send(text: string | Uint8Array, options: SendOptions = {}): Promise<void> {
    return this.#recordSending('send', text, () => this.#send(text, options))
  }

  /** Types a line and its end. */
  sendLine(line: string, options: SendLineOptions = {}): Promise<void> {
    return this.#recordSending('sendLine', line, () => this.#send(this.#withEnd(line, options), options))
  }

  /** Types a line that errors do not show, such as a password. */
  secret(line: string, options: SendLineOptions = {}): Promise<void> {
    if (line !== '') this.#secrets.add(line)
    return this.#recordSending('secret', '***', () => this.#send(this.#withEnd(line, options), options, '***'))
  }

  /** Stops reading, ends the stream and frees the disk space of the output. May be called again. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stream.dispose()
  }

  #recordSending(method: string, shown: string | Uint8Array, send: () => Promise<void>): Promise<void> {
    const step = { kind: 'action', target: `${this.name}.${method}`, args: [shown] } as const
    return recordStep(step, () => this.#sending.run(send))
  }

  #withEnd(line: string, { lineEnd = this.#options.lineEnd ?? '\r' }: SendLineOptions): string {
    return `${line}${lineEnd}`
  }

  /** @param shown the text that errors show instead */
  async #send(text: string | Uint8Array, options: SendOptions, shown?: string): Promise<void> {
    this.#stream.flush()
    this.context.sent.add(shown ?? text, this.#stream.transcript.end)
    const limits = this.context.limits()
    const { charDelayMs = this.#options.charDelayMs ?? 0, signal = limits.signal } = options
    const limit = { name: `sending to console ${this.name}`, timeoutMs: limits.timeoutMs, signal }
    const what = `Console ${this.name}: sending`
    try {
      for (const piece of charDelayMs === 0 ? slices(text) : characters(text)) {
        await withTimeLimit(limit, () => this.#write(piece))
        if (charDelayMs > 0) await pause(charDelayMs, { signal, what })
      }
    } catch (error) {
      throw error instanceof HardwareError || signal?.aborted !== true ? error : cancelledError(what, signal)
    }
  }

  async #write(bytes: string | Uint8Array): Promise<void> {
    const stream = this.#stream.closed === undefined ? await this.#stream.open() : undefined
    await new Promise<void>((resolve, reject) => {
      const fail = (cause?: Error) => {
        const why = cause ?? this.#stream.closed?.cause
        const details = { ...this.#options.details, console: this.name }
        const message = `Console ${this.name} was closed${why === undefined ? '' : `: ${messageOf(why)}`}; nothing can be sent`
        reject(new HardwareError(codeOfClose(why), message, { cause: why, origin: originOf(why), details }))
      }
      if (stream === undefined || stream.destroyed) {
        fail()
        return
      }
      this.#stream.guards.typed.add(bytes)
      stream.write(bytes, (error) => (error ? fail(error) : resolve()))
    })
  }
}

function guardFailure(consoleName: string, hit: GuardHit, facts: ErrorDetails | undefined): HardwareError {
  return new HardwareError('GUARD_TRIPPED', `console ${consoleName} reports a ${describeGuardHit(hit)}`, {
    origin: hit.guard.origin,
    details: { ...facts, console: consoleName, printed: hit.text.trim() },
  })
}

function characters(text: string | Uint8Array): readonly (string | Uint8Array)[] {
  return typeof text === 'string' ? Array.from(text) : Array.from(text, (byte) => Uint8Array.of(byte))
}

/** Cuts bytes into pieces. Each piece has the time limit of a wait, because a device may need long for all of them. */
function* slices(text: string | Uint8Array): Generator<Uint8Array> {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text
  for (let start = 0; start < bytes.length; start += sliceBytes) yield bytes.subarray(start, start + sliceBytes)
}
