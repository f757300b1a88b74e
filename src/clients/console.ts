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
  #checking = false
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

  /**
   * Sends text, or bytes, as they are.
   *
   * @throws HardwareError CONSOLE_CLOSED when the device is gone
   */
  async send(text: string | Uint8Array): Promise<void> {
    const stream = await this.#stream()
    await new Promise<void>((resolve, reject) => {
      if (this.#closed !== undefined) reject(this.#closed)
      else stream.write(text, (error) => (error ? reject(this.#closed ?? error) : resolve()))
    })
  }

  /**
   * Waits for a pattern after the cursor, and moves the cursor behind it.
   *
   * @throws HardwareError CONSOLE_TIMEOUT, CONSOLE_CLOSED, or CALL_CANCELLED when the signal is aborted
   */
  expect(pattern: Pattern, { signal, timeoutMs = defaultExpectTimeoutMs }: ExpectOptions = {}): Promise<Match> {
    return new Promise((resolve, reject) => {
      let searched = this.#cursor
      const settle = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', abort)
        this.#waiters.delete(waiter)
      }
      const fail = (error: unknown) => {
        settle()
        reject(error)
      }
      const check = () => {
        const found = find(pattern, this.#output, this.#cursor, Math.max(searched, this.#cursor))
        // A text can begin in what has been searched already, but only by less than its own length.
        searched = typeof pattern === 'string' ? this.#output.length - pattern.length + 1 : this.#cursor
        if (found !== undefined) {
          this.#cursor = found.end
          settle()
          resolve(found.match)
        } else if (this.#closed !== undefined) {
          fail(this.#closed)
        }
      }
      const timer = setTimeout(() => {
        fail(new HardwareError('CONSOLE_TIMEOUT', this.#explain(`did not print ${show(pattern)} in ${timeoutMs} ms`)))
      }, timeoutMs)
      const abort = () => {
        const why = `wait for ${show(pattern)} was cancelled (${messageOf(signal?.reason)})`
        fail(new HardwareError('CALL_CANCELLED', this.#explain(why), { cause: signal?.reason }))
      }
      const waiter = { check }
      if (signal?.aborted === true) {
        abort()
        return
      }
      signal?.addEventListener('abort', abort, { once: true })
      this.#waiters.add(waiter)
      this.#stream().then(() => {
        if (this.#waiters.has(waiter)) check()
      }, fail)
    })
  }

  #stream(): Promise<Duplex> {
    this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = undefined
      throw error
    })
    return this.#opening
  }

  async #open(): Promise<Duplex> {
    const stream = await this.#connect()
    stream.on('data', (chunk: Buffer) => {
      this.#output += this.#decoder.write(chunk)
      this.#checkSoon()
    })
    stream.on('error', (error) => this.#close(error))
    stream.on('close', () => this.#close(undefined))
    stream.on('end', () => this.#close(undefined))
    return stream
  }

  /** Looks once for all that has come in one turn of the event loop. */
  #checkSoon(): void {
    if (this.#checking || this.#waiters.size === 0) return
    this.#checking = true
    setImmediate(() => {
      this.#checking = false
      for (const waiter of this.#waiters) waiter.check()
    })
  }

  #close(cause: Error | undefined): void {
    if (this.#closed !== undefined) return
    const why = cause === undefined ? 'was closed' : `was closed: ${cause.message}`
    this.#closed = new HardwareError('CONSOLE_CLOSED', this.#explain(why), { cause })
    for (const waiter of this.#waiters) waiter.check()
  }

  #explain(what: string): string {
    const lines = this.#output.split(/\r?\n/)
    const shown = lines.slice(-shownLines).map((line) => `  | ${line}`)
    const seen = this.#output.slice(this.#cursor)
    const since = seen.trim() === '' ? 'It has printed nothing since the last match.' : `Last lines:`
    return [`Console ${this.#name} ${what}. ${since}`, ...(this.#output === '' ? [] : shown)].join('\n')
  }
}

/** @param from where to search; what is between the cursor and it has been searched in vain */
function find(
  pattern: Pattern,
  output: string,
  cursor: number,
  from: number,
): { readonly match: Match; readonly end: number } | undefined {
  if (typeof pattern === 'string') {
    const start = output.indexOf(pattern, from)
    if (start < 0) return undefined
    const match = { text: pattern, before: output.slice(cursor, start), groups: [], named: {} }
    return { match, end: start + pattern.length }
  }
  // On the whole output, so that `^` is the start of a line and not of what is unread.
  const search = new RegExp(pattern, [...new Set(`${pattern.flags.replace('y', '')}gm`)].join(''))
  search.lastIndex = from
  const found = search.exec(output)
  if (found === null) return undefined
  const [text, ...groups] = found
  const match = { text, before: output.slice(cursor, found.index), groups, named: found.groups ?? {} }
  return { match, end: found.index + text.length }
}

function show(pattern: Pattern): string {
  return typeof pattern === 'string' ? JSON.stringify(pattern) : String(pattern)
}
