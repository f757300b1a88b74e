import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'

import { HardwareError, messageOf } from '../../errors.ts'
import { withTimeLimit } from '../../time-limit.ts'
import type { PromptShell } from '../shells/prompt-shell.ts'
import type { ShellKind, Shells } from '../shells/create-shell.ts'
import type { ShellOptions } from '../shells/types.ts'
import type { Waits } from '../waits.ts'
import { defaultGuards, describeTripped, type Guard, guardError } from './guards.ts'
import { ConsoleReader, originOf } from './reader.ts'
import { Source } from './source.ts'
import type { Conversation, ExpectOptions, Mark, SendOptions } from './types.ts'

/** How long one wait takes at the most unless an option says otherwise, in milliseconds. */
export const defaultExpectTimeoutMs = 30_000

/** What {@link Console} takes besides its name and its stream. */
export interface ConsoleOptions {
  /** What ends every wait when it is printed (default: what the usual systems print when they have failed). */
  readonly guards?: readonly Guard[]
  /** How long to wait after each character that is typed, in milliseconds (default 0). */
  readonly charDelayMs?: number
  /** What ends a line that is typed (default: a carriage return, as a keyboard's Enter sends). */
  readonly lineEnd?: string
  /** How much of what was printed is kept in memory, in bytes (default 16 MiB); the rest goes to a file. */
  readonly memoryBytes?: number
  /** Limits of waits that are given none (default 30 s). */
  readonly limits?: () => Required<Pick<ExpectOptions, 'timeoutMs'>> & Pick<ExpectOptions, 'signal'>
  /** The waits of the exporter that end, too, when a guard has found something. */
  readonly waits?: Waits
}

/** How much is sent under one limit. */
const sliceBytes = 4096

/**
 * A conversation on a stream of bytes: a serial port, a network connection, a process. Everything the device prints is
 * kept, with the time when it came; what is read is not taken away.
 *
 * @example
 * ```ts
 * const console = new Console('gdb', () => client.stream('connect'))
 * await console.expect('(gdb) ')
 * await console.sendLine('info registers')
 * ```
 */
export class Console extends ConsoleReader implements Conversation, AsyncDisposable {
  readonly #source: Source
  readonly #options: ConsoleOptions
  readonly #secrets: Set<string>
  #sending: Promise<unknown> = Promise.resolve()

  /**
   * @param name how errors name it
   * @param connect opens the stream, on first use
   */
  constructor(name: string, connect: () => Promise<Duplex>, options: ConsoleOptions = {}) {
    const { waits, limits = () => ({ timeoutMs: defaultExpectTimeoutMs }) } = options
    let ownFailure: unknown
    const source = new Source({
      connect,
      guards: options.guards ?? defaultGuards,
      memoryBytes: options.memoryBytes,
      onTripped: (tripped) => {
        ownFailure = guardError(tripped, `console ${name} reports a ${describeTripped(tripped)}`)
        waits?.fail(ownFailure as HardwareError)
      },
    })
    const secrets = new Set<string>()
    // A reader of this console learns of its guards by their place among what it reads.
    const isOwnFailure = (reason: unknown) => reason === ownFailure
    super({ name, source, limits, waits, isOwnFailure, secrets }, source.transcript.end)
    this.#source = source
    this.#options = options
    this.#secrets = secrets
  }

  /** Begins to read, if it has not begun; or again, when the stream has ended. */
  async open(): Promise<void> {
    await this.#source.open()
  }

  /**
   * Another reader, with a cursor of its own.
   *
   * @param options.from where it begins: where this one is (default), at the first character, or behind the last
   */
  reader({ from = 'cursor' }: { readonly from?: 'cursor' | 'start' | 'end' | Mark } = {}): ConsoleReader {
    const start: Mark = { text: 0, raw: 0 }
    this.#source.flush()
    const places = { cursor: this.mark(), start, end: this.#source.transcript.end }
    return new ConsoleReader(this.context, typeof from === 'string' ? places[from] : from)
  }

  /**
   * Watches what is printed from now on: as soon as the pattern appears, every wait on the exporter fails with it, and so
   * does every later wait of this console that comes past it. Dispose of it to end that.
   *
   * @example
   * ```ts
   * using _ = await dut.console.guard({ pattern: /watchdog reset/i, origin: 'board' })
   * ```
   */
  async guard(guard: Guard): Promise<Disposable> {
    this.#source.flush()
    const from = this.#source.transcript.end
    await this.#source.guards.add(guard, () => from)
    return { [Symbol.dispose]: () => this.#source.guards.remove(guard) }
  }

  /**
   * Types text, or bytes, as they are. What is typed at the same time comes one after another.
   *
   * @throws HardwareError CONSOLE_CLOSED when the device is gone, CALL_TIMEOUT when it takes nothing for as long as a wait
   *   may take, CALL_CANCELLED when the signal is aborted
   */
  send(text: string | Uint8Array, options: SendOptions = {}): Promise<void> {
    const sent = this.#sending.then(() => this.#send(text, options))
    this.#sending = sent.catch(() => undefined)
    return sent
  }

  /** Types a line, and what ends it. */
  sendLine(line: string, options: SendOptions = {}): Promise<void> {
    return this.send(`${line}${this.#options.lineEnd ?? '\r'}`, options)
  }

  /** Types a line that errors do not show, such as a password. */
  secret(line: string, options: SendOptions = {}): Promise<void> {
    if (line !== '') this.#secrets.add(line)
    return this.sendLine(line, options)
  }

  /**
   * Waits until a shell answers, logging in or stopping autoboot where that is needed, and gives what runs commands in it.
   *
   * @param kind what shell it is: `linux`, `uboot`, `zephyr`, or one of which only the prompt is known
   * @throws HardwareError CONSOLE_TIMEOUT when it does not answer in time, UNAUTHENTICATED when it refuses the login
   *
   * @example
   * ```ts
   * const shell = await dut.console.shell('linux', { user: 'root' })
   * const { output, exitCode } = await shell.run('uname -a')
   * ```
   */
  shell<Kind extends keyof Shells>(kind: Kind, options?: Shells[Kind]['options']): Promise<Shells[Kind]['shell']>
  shell(kind: Exclude<ShellKind, string>, options?: ShellOptions): Promise<PromptShell>
  async shell(kind: ShellKind, options: ShellOptions = {}): Promise<Shells[keyof Shells]['shell'] | PromptShell> {
    const { createShell } = await import('../shells/create-shell.ts')
    return typeof kind === 'string' ? createShell(this, kind, options) : createShell(this, kind, options)
  }

  /** Stops reading, and lets go of the stream and of what is on disk. May be called again. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#source.dispose()
  }

  async #send(text: string | Uint8Array, options: SendOptions): Promise<void> {
    const limits = this.context.limits()
    const { charDelayMs = this.#options.charDelayMs ?? 0, signal = limits.signal } = options
    const limit = { name: `sending to console ${this.name}`, timeoutMs: limits.timeoutMs, signal }
    try {
      for (const piece of charDelayMs === 0 ? slices(text) : characters(text)) {
        await withTimeLimit(limit, () => this.#write(piece))
        if (charDelayMs > 0) await delay(charDelayMs, undefined, signal === undefined ? {} : { signal })
      }
    } catch (error) {
      if (error instanceof HardwareError || signal?.aborted !== true) throw error
      const message = `Console ${this.name}: sending was cancelled (${messageOf(signal.reason)})`
      throw new HardwareError('CALL_CANCELLED', message, { cause: signal.reason })
    }
  }

  async #write(bytes: string | Uint8Array): Promise<void> {
    const stream = this.#source.closed === undefined ? await this.#source.open() : undefined
    await new Promise<void>((resolve, reject) => {
      const fail = (cause?: Error) => {
        const why = cause ?? this.#source.closed?.cause
        const message = `Console ${this.name} was closed${why === undefined ? '' : `: ${messageOf(why)}`}; nothing can be sent`
        reject(new HardwareError('CONSOLE_CLOSED', message, { cause: why, ...originOf(why) }))
      }
      if (stream === undefined || stream.destroyed) fail()
      else stream.write(bytes, (error) => (error ? fail(error) : resolve()))
    })
  }
}

function characters(text: string | Uint8Array): readonly (string | Uint8Array)[] {
  return typeof text === 'string' ? Array.from(text) : Array.from(text, (byte) => Uint8Array.of(byte))
}

/** Bytes in pieces, each of which has the limit of a wait, because devices may take long for all of them. */
function* slices(text: string | Uint8Array): Generator<Uint8Array> {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text
  for (let start = 0; start < bytes.length; start += sliceBytes) yield bytes.subarray(start, start + sliceBytes)
}
