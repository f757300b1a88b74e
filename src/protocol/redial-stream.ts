import { Duplex } from 'node:stream'

import { messageOf } from '../errors.ts'

/** What {@link RedialStream} takes. */
export interface RedialStreamOptions {
  /** Opens the stream once more, when that can be; the signal is aborted when nobody wants it any more. */
  readonly reopen: (signal: AbortSignal) => Promise<Duplex>
  /** Whether opening it once more may help against an error. */
  readonly mayHelp: (error: Error) => boolean
}

/**
 * A stream of bytes that is opened once more whenever what carries it breaks. What the device sends meanwhile is lost; what
 * is written meanwhile waits.
 */
export class RedialStream extends Duplex {
  readonly #options: RedialStreamOptions
  readonly #closed = new AbortController()
  #current: Promise<Duplex>
  /** The one that is read, while there is one. */
  #open: Duplex | undefined

  constructor(stream: Duplex, options: RedialStreamOptions) {
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
          // A stream that is destroyed need not answer.
          const closed = () => reject(new Error('the stream has been closed'))
          stream.once('close', closed)
          stream.write(chunk, (error) => {
            stream.off('close', closed)
            if (error) reject(error)
            else resolve()
          })
        })
      } catch (error) {
        // Of what was under way nobody knows whether it arrived; a console that shows a line twice is better than none.
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
      if (this.#options.mayHelp(error)) this.#reopen()
      else this.destroy(error)
    })
    stream.once('close', () => {
      if (this.#open === stream && !this.destroyed && !this.readableEnded) this.push(null)
    })
  }

  #reopen(): void {
    this.#current = this.#options.reopen(this.#closed.signal).then((stream) => {
      if (this.destroyed) stream.destroy()
      else this.#use(stream)
      // That all was written was said to the one before.
      if (this.writableFinished) stream.end()
      return stream
    })
    this.#current.catch((error: unknown) => {
      if (!this.destroyed) this.destroy(error instanceof Error ? error : new Error(messageOf(error)))
    })
  }
}
