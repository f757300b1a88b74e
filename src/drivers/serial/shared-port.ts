import { Duplex } from 'node:stream'

import { HardwareError } from '../../errors.ts'
import { unlessAborted } from '../unless-aborted.ts'
import type { ControlLines, Line, LineEvents } from './line.ts'
import { Pacer } from './pacer.ts'

/** How much may wait for one reader, in bytes: more than ten minutes at 115 200 baud. */
const maxUnread = 8 * 1024 * 1024

/** One time that the port is open. */
interface Opening {
  readonly line: Promise<Line>
  readonly pacer: Pacer
  readonly streams: Set<Duplex>
  /** Streams, and those that set control lines. */
  users: number
  over: boolean
  /** Of the line, once it is open: what comes has to be stopped at once, and not after a promise. */
  flow: Line['flow']
}

/** What {@link SharedPort} is made of. */
export interface SharedPortOptions {
  /** How errors name it. */
  readonly name: string
  readonly charsPerSecond: number | undefined
  open(events: LineEvents): Promise<Line>
  /** Is told when closing fails, which nobody waits for. */
  warn(error: unknown): void
}

/**
 * A port that is open while somebody uses it. Every stream has all that comes while it is open, and what streams write is
 * sent chunk by chunk; a stream that ends takes nothing from the others, and the last one closes the port.
 */
export class SharedPort {
  readonly #options: SharedPortOptions
  #current: Opening | undefined
  #closing: Promise<void> = Promise.resolve()

  constructor(options: SharedPortOptions) {
    this.#options = options
  }

  /** Opens a stream. @param signal ends the wait for the port */
  async connect(signal: AbortSignal): Promise<Duplex> {
    const opening = this.#use()
    try {
      const line = await unlessAborted(opening.line, signal)
      if (opening.over) throw this.#closedError()
      return this.#createStream(opening, line)
    } catch (error) {
      this.#release(opening)
      throw error
    }
  }

  /** Sets control lines: of the port as it is open, else it is opened for that alone. */
  async set(lines: Partial<ControlLines>, signal: AbortSignal): Promise<void> {
    const opening = this.#use()
    try {
      const line = await unlessAborted(opening.line, signal)
      await unlessAborted(line.set?.(lines) ?? Promise.resolve(), signal)
    } finally {
      this.#release(opening)
    }
  }

  /** Closes the port for everybody: their streams end. */
  async close(): Promise<void> {
    if (this.#current !== undefined) this.#end(this.#current)
    await this.#closing
  }

  #use(): Opening {
    if (this.#current === undefined) {
      const events: LineEvents = {
        data: (bytes) => this.#receive(opening, bytes),
        closed: (error) => this.#end(opening, error),
      }
      // A port is locked until it has been closed.
      const line = this.#closing.then(() => this.#options.open(events))
      line.then(
        ({ flow }) => (opening.flow = flow),
        () => this.#end(opening),
      )
      const pacer = new Pacer(this.#options.charsPerSecond)
      const opening: Opening = { line, pacer, streams: new Set(), users: 0, over: false, flow: undefined }
      this.#current = opening
    }
    this.#current.users++
    return this.#current
  }

  #release(opening: Opening): void {
    opening.users--
    if (opening.users === 0) this.#end(opening)
  }

  #end(opening: Opening, error?: Error): void {
    if (opening.over) return
    opening.over = true
    if (this.#current === opening) this.#current = undefined
    this.#closing = opening.line
      .then(
        (line) => line.close(),
        () => undefined,
      )
      .catch((failure: unknown) => this.#options.warn(failure))
    for (const stream of opening.streams) {
      if (error === undefined) stream.push(null)
      else stream.destroy(error)
    }
  }

  #createStream(opening: Opening, line: Line): Duplex {
    const stream: Duplex = new Duplex({
      read: () => line.flow?.resume(),
      write: (chunk: Buffer, _encoding, done) => {
        const wanted = () => !stream.destroyed && !opening.over
        const written = opening.pacer.send(chunk, wanted, (piece) => line.write(piece))
        written.then(() => done(opening.over ? this.#closedError() : null), done)
      },
      destroy: (error, done) => {
        opening.streams.delete(stream)
        this.#release(opening)
        done(error)
      },
    })
    opening.streams.add(stream)
    return stream
  }

  #receive({ over, flow, streams }: Opening, bytes: Buffer): void {
    if (over) return
    let waiting = 0
    for (const stream of streams) {
      if (!stream.push(bytes)) waiting++
      if (stream.readableLength > maxUnread) stream.destroy(this.#behindError())
    }
    // With a device that can wait, the fastest reader sets the pace, and the others may fall behind only so far.
    if (waiting > 0 && waiting === streams.size) flow?.pause()
  }

  #closedError(): HardwareError {
    return new HardwareError('DEVICE_IO', `${this.#options.name} has been closed`)
  }

  /**
   * A stream that is not read must not hold up the others, and what a serial device sends cannot be put off. Leaving
   * bytes out would look like a fault of the device; so the stream fails.
   */
  #behindError(): HardwareError {
    const message = `${maxUnread} bytes of ${this.#options.name} have come that this stream has not read`
    return new HardwareError('LIMIT_EXCEEDED', message)
  }
}
