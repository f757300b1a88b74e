import { Duplex } from 'node:stream'

import { gapListenerOf } from '../../base/stream-gaps.ts'
import { messageOf } from '../../errors.ts'

/** Options of {@link ReconnectingStream}. */
export interface ReconnectingStreamOptions {
  /** Opens the stream again after an error, as soon as that is possible. The signal is aborted when the stream is destroyed. */
  readonly reopen: (signal: AbortSignal, error: Error) => Promise<Duplex>
  /** True if the stream can be opened again after an error. */
  readonly isReconnectable: (error: Error) => boolean
}

/**
 * A stream of bytes that is opened again whenever its connection breaks. Bytes that the device sends meanwhile are lost, and
 * bytes that are written meanwhile wait. The stream's {@link GapListener} is told of both ends of the gap.
 */
export class ReconnectingStream extends Duplex {
  readonly #options: ReconnectingStreamOptions
  readonly #closed = new AbortController()
  #current: Promise<Duplex>
  /** The stream that is read now; `undefined` while the connection is broken. */
  #open: Duplex | undefined

  constructor(stream: Duplex, options: ReconnectingStreamOptions) {
    super({ allowHalfOpen: true })
    this.#options = options
    this.#current = Promise.resolve(stream)
    this.#use(stream)
  }

  override _read(): void {
    this.#open?.resume()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const write = async (): Promise<void> => {
      const stream = await this.#current
      try {
        await new Promise<void>((resolve, reject) => {
          // A destroyed stream may not call back.
          const closed = () => reject(new Error('the stream has been closed'))
          stream.once('close', closed)
          stream.write(chunk, (error) => {
            stream.off('close', closed)
            if (error) reject(error)
            else resolve()
          })
        })
      } catch (error) {
        // The chunk may have arrived already; a console that shows a line twice is better than a lost line.
        if (this.#open === stream || this.destroyed) throw error
        await write()
      }
    }
    write().then(
      () => done(),
      (error: unknown) => done(error instanceof Error ? error : new Error(messageOf(error))),
    )
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#current.then((stream) => stream.end(() => done()), done)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#closed.abort()
    this.#open?.destroy()
    done(error)
  }

  #use(stream: Duplex): void {
    this.#open = stream
    stream.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) stream.pause()
    })
    stream.once('end', () => this.push(null))
    stream.on('error', (error) => {
      if (this.#open !== stream || this.destroyed) return
      this.#open = undefined
      // The bytes that had come when the connection broke are kept.
      for (let chunk: unknown = stream.read(); chunk !== null; chunk = stream.read()) this.push(chunk)
      if (this.#options.isReconnectable(error)) this.#reopen(error)
      else this.destroy(error)
    })
    stream.once('close', () => {
      if (this.#open === stream && !this.destroyed && !this.readableEnded) this.push(null)
    })
  }

  #reopen(error: Error): void {
    gapListenerOf(this)?.broken(error)
    this.#current = this.#options.reopen(this.#closed.signal, error).then((stream) => {
      if (this.destroyed) stream.destroy()
      else {
        gapListenerOf(this)?.mended()
        this.#use(stream)
      }
      // `end()` was already sent on the previous stream, so repeat it.
      if (this.writableFinished) stream.end()
      return stream
    })
    this.#current.catch((error: unknown) => {
      if (!this.destroyed) this.destroy(error instanceof Error ? error : new Error(messageOf(error)))
    })
  }
}
