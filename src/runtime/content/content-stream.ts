import { Duplex, type Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'

import { HardwareError, messageOf } from '../../errors.ts'
import type { ContentEncoding } from '../../protocol/resources.ts'
import { createCompressor } from './compressor.ts'
import { ZstdDecompressor } from './zstd-decompressor.ts'

/**
 * Turns a stream of a compressed file into a stream of its content: bytes that are read are decompressed, bytes that are written
 * are compressed. The encoding `null` leaves the stream as it is. The work is done outside of the event loop: by Node's threads
 * for gzip and zstd, by a pool of threads for the others. Writing xz or bz2 needs the commands `xz` and `bzip2`, and fails with
 * NOT_IMPLEMENTED without them.
 */
export function contentOf(raw: Duplex, encoding: ContentEncoding | null): Duplex {
  return encoding === null ? raw : new ContentStream(raw, encoding)
}

/** Begins to decompress at the first read, and to compress at the first write. */
class ContentStream extends Duplex {
  readonly #raw: Duplex
  readonly #encoding: ContentEncoding
  #input: Promise<Readable> | undefined
  #output: Writable | undefined
  #sent: Promise<void> | undefined

  constructor(raw: Duplex, encoding: ContentEncoding) {
    super()
    this.#raw = raw.on('error', (error) => this.destroy(error)).on('close', () => this.#rawClosed())
    this.#encoding = encoding
  }

  override _read(): void {
    this.#input ??= this.#open()
    this.#input.then((input) => input.resume(), ignore)
  }

  async #open(): Promise<Readable> {
    const input = await decompressed(this.#raw, this.#encoding)
    input.on('data', (chunk: Uint8Array) => {
      if (!this.push(chunk)) input.pause()
    })
    input.on('end', () => this.push(null))
    input.on('error', (cause) => {
      const message = `The file cannot be decompressed as ${this.#encoding}: ${messageOf(cause)}`
      this.destroy(new HardwareError('IMAGE_INVALID', message, { cause }))
    })
    return input
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#compressor().write(chunk, encoding, done)
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#compressor().end()
    this.#sent?.then(() => done(), done)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#raw.destroy(error ?? undefined)
    this.#output?.destroy()
    this.#input?.then((input) => input.destroy(), ignore)
    done(error)
  }

  #compressor(): Writable {
    if (this.#output === undefined) {
      const output = createCompressor(this.#encoding)
      this.#output = output
      this.#sent = pipeline(output, this.#raw)
      this.#sent.catch((error: Error) => this.destroy(error))
    }
    return this.#output
  }

  /** A client that goes away in the middle ends the file early, and the reader has to know. */
  #rawClosed(): void {
    if (!this.#raw.readableEnded && !this.destroyed && this.#input !== undefined) {
      this.destroy(new HardwareError('CONNECTION_LOST', 'The file ended early: its sender has closed the stream'))
    }
  }
}

async function decompressed(raw: Readable, encoding: ContentEncoding): Promise<Readable> {
  switch (encoding) {
    case 'gzip':
      return raw.pipe(createGunzip())
    case 'zstd':
      return raw.pipe(new ZstdDecompressor())
    default: {
      const { decompressInThread } = await import('./pool.ts')
      return decompressInThread(raw, encoding)
    }
  }
}

function ignore(): void {}
