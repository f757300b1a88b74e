import type { Duplex } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'

import { HardwareError, messageOf } from '../errors.ts'

/** What to look for: a text as it is, or a regular expression, in which `^` and `$` are the ends of lines. */
export type Pattern = string | RegExp

/** A limit on one look. */
export interface ExpectOptions {
  readonly signal?: AbortSignal | undefined
  /** How long to wait, in milliseconds (default 30 000). */
  readonly timeoutMs?: number
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
}

/** How long one look takes at the most unless an option says otherwise, in milliseconds. */
export const defaultExpectTimeoutMs = 30_000
/** How many lines an error shows. */
const shownLines = 15

interface Waiter {
  check(): void
  fail(error: HardwareError): void
}

/**
 * A conversation on a stream of bytes. Everything the device prints is kept in order; looking for something moves a
 * cursor and takes nothing away.
 */
export class Console {
  readonly #name: string
  readonly #connect: () => Promise<Duplex>
  readonly #decoder = new StringDecoder('utf8')
  readonly #waiters = new Set<Waiter>()
  #opening: Promise<Duplex> | undefined
  #output = ''
  #cursor = 0
  #closed: HardwareError | undefined

  /**
   * @param name how errors name it
   * @param connect opens the stream, on first use
   */
  constructor(name: string, connect: () => Promise<Duplex>) {
    this.#name = name
    this.#connect = connect
  }

  /** Everything printed so far. */
  get output(): string {
    return this.#output
  }

  /** Begins to read, if it has not begun. */
  async open(): Promise<void> {
    await this.#stream()
  }

  /** Sends text, or bytes, as they are. */
  async send(text: string | Uint8Array): Promise<void> {
    const stream = await this.#stream()
    await new Promise<void>((resolve, reject) => {
      stream.write(text, (error) => (error ? reject(error) : resolve()))
    })
  }

  /**
   * Waits for a pattern after the cursor, and moves the cursor behind it.
   *
   * @throws HardwareError CONSOLE_TIMEOUT, CONSOLE_CLOSED, or CALL_CANCELLED when the signal is aborted
   */
  async expect(pattern: Pattern, { signal, timeoutMs = defaultExpectTimeoutMs }: ExpectOptions = {}): Promise<Match> {
    await this.#stream()
    return new Promise((resolve, reject) => {
      const fail = (error: HardwareError) => {
        settle()
        reject(error)
      }
      const check = () => {
        const match = find(pattern, this.#output, this.#cursor)
        if (match === undefined) {
          if (this.#closed !== undefined) fail(this.#closed)
          return
        }
        settle()
        this.#cursor = match.end
        resolve(match)
      }
      const timer = setTimeout(() => {
        fail(new HardwareError('CONSOLE_TIMEOUT', this.#explain(`did not print ${show(pattern)} in ${timeoutMs} ms`)))
      }, timeoutMs)
      const abort = () => {
        const reason = messageOf(signal?.reason)
        fail(
          new HardwareError('CALL_CANCELLED', this.#explain(`wait for ${show(pattern)} was cancelled (${reason})`), {
            cause: signal?.reason,
          }),
        )
      }
      const waiter = { check, fail }
      const settle = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', abort)
        this.#waiters.delete(waiter)
      }
      if (signal?.aborted === true) {
        abort()
        return
      }
      signal?.addEventListener('abort', abort, { once: true })
      this.#waiters.add(waiter)
      check()
    })
  }

  #stream(): Promise<Duplex> {
    this.#opening ??= this.#connect().then((stream) => {
      stream.on('data', (chunk: Buffer) => {
        this.#output += this.#decoder.write(chunk)
        for (const waiter of this.#waiters) waiter.check()
      })
      stream.on('error', (error) => this.#close(error))
      stream.on('close', () => this.#close(undefined))
      stream.on('end', () => this.#close(undefined))
      return stream
    })
    return this.#opening
  }

  #close(cause: Error | undefined): void {
    if (this.#closed !== undefined) return
    const why = cause === undefined ? 'was closed' : `was closed: ${cause.message}`
    this.#closed = new HardwareError('CONSOLE_CLOSED', this.#explain(why), { cause })
    for (const waiter of this.#waiters) waiter.fail(this.#closed)
  }

  #explain(what: string): string {
    const lines = this.#output.split(/\r?\n/)
    const shown = lines.slice(-shownLines).map((line) => `  | ${line}`)
    const seen = this.#output.slice(this.#cursor)
    const since = seen.trim() === '' ? 'It has printed nothing since the last match.' : `Last lines:`
    return [`Console ${this.#name} ${what}. ${since}`, ...(this.#output === '' ? [] : shown)].join('\n')
  }
}

function find(pattern: Pattern, output: string, cursor: number): (Match & { end: number }) | undefined {
  if (typeof pattern === 'string') {
    const start = output.indexOf(pattern, cursor)
    if (start < 0) return undefined
    const before = output.slice(cursor, start)
    return { text: pattern, before, groups: [], named: {}, end: start + pattern.length }
  }
  const unread = output.slice(cursor)
  const found = new RegExp(pattern, [...new Set(`${pattern.flags.replace(/[gy]/g, '')}m`)].join('')).exec(unread)
  if (found === null) return undefined
  const [text, ...groups] = found
  return {
    text,
    before: unread.slice(0, found.index),
    groups,
    named: found.groups ?? {},
    end: cursor + found.index + text.length,
  }
}

function show(pattern: Pattern): string {
  return typeof pattern === 'string' ? JSON.stringify(pattern) : String(pattern)
}
