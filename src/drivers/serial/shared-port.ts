import { Duplex } from 'node:stream'

import { HardwareError } from '../../errors.ts'
import { untilAborted } from '../../base/abort.ts'
import { failAfterData } from '../../base/fail-after-data.ts'
import type { SerialLine, LineEvents } from './serial-line.ts'
import { RateLimit } from './rate-limit.ts'

/** The most bytes that may wait for one reader: more than ten minutes at 115 200 baud. */
const maxUnread = 8 * 1024 * 1024

/** The period from the opening of the port to its close. */
interface Opening {
  readonly line: Promise<SerialLine>
  readonly rateLimit: RateLimit
  readonly streams: Set<Duplex>
  /** The number of streams, and of calls that use the line. */
  users: number
  over: boolean
  /** The flow control of the open line, outside of its promise, so that input can be stopped at once. */
  flow: SerialLine['flow']
}

/** Options of {@link SharedPort}. */
export interface SharedPortOptions {
  /** The name in errors. */
  readonly name: string
  readonly charsPerSecond: number | undefined
  open(events: LineEvents): Promise<SerialLine>
  /** Gets the error of a close that no caller waits for. */
  warn(error: unknown): void
}

/**
 * A port that is open while it is used. Every stream receives all input that comes while the stream is open. The output of the streams is
 * sent chunk by chunk. The end of a stream does not affect the others, and the last one closes the port.
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
      const line = await untilAborted(opening.line, signal)
      if (opening.over) throw this.#closedError()
      return this.#createStream(opening, line)
    } catch (error) {
      this.#release(opening)
      throw error
    }
  }

  /** Runs a function with the open line. A port that is closed is opened for it. @param signal ends the wait for the port */
  async use<T>(run: (line: SerialLine) => T | Promise<T>, signal: AbortSignal): Promise<T> {
    const opening = this.#use()
    try {
      return await run(await untilAborted(opening.line, signal))
    } finally {
      this.#release(opening)
    }
  }

  /** Closes the port, and ends all streams. */
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
      const rateLimit = new RateLimit(this.#options.charsPerSecond)
      const opening: Opening = { line, rateLimit, streams: new Set(), users: 0, over: false, flow: undefined }
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
      else failAfterData(stream, error)
    }
  }

  #createStream(opening: Opening, line: SerialLine): Duplex {
    const stream: Duplex = new Duplex({
      read: () => line.flow?.resume(),
      write: (chunk: Buffer, _encoding, done) => {
        const wanted = () => !stream.destroyed && !opening.over
        const written = opening.rateLimit.send(chunk, wanted, (piece) => line.write(piece))
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
    // If the device can wait, the fastest reader sets the pace, and the others may fall behind up to a limit.
    if (waiting > 0 && waiting === streams.size) flow?.pause()
  }

  #closedError(): HardwareError {
    return new HardwareError('DEVICE_IO', `${this.#options.name} has been closed`)
  }

  /**
   * Fails a stream that is not read. It must not delay the others, and a serial device cannot wait. Missing bytes would look like a fault
   * of the device.
   */
  #behindError(): HardwareError {
    const message = `${maxUnread} bytes of ${this.#options.name} have come that this stream has not read`
    return new HardwareError('LIMIT_EXCEEDED', message)
  }
}
