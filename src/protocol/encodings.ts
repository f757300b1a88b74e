import { Duplex, PassThrough, Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import * as zlib from 'node:zlib'

import { HardwareError } from '../errors.ts'
import type { ContentEncoding } from './resources.ts'

/**
 * A stream of the bytes of a compressed file as a stream of the file's content: what is read from it is decompressed,
 * what is written to it is compressed. Nothing is touched where the encoding is `null`. Writing xz or bz2 fails with
 * NOT_IMPLEMENTED: there is no maintained compressor for them.
 */
export function contentOf(raw: Duplex, encoding: ContentEncoding | null): Duplex {
  return encoding === null ? raw : new ContentStream(raw, encoding)
}

/** Starts to decompress when it is read first, and to compress when it is written first. */
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
    input.on('error', (error) => this.destroy(error))
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
      const output = compressor(this.#encoding)
      this.#output = output
      this.#sent = pipeline(output, this.#raw)
      this.#sent.catch((error: Error) => this.destroy(error))
    }
    return this.#output
  }

  /** A client that goes away in the middle ends the file early; whoever reads it has to know. */
  #rawClosed(): void {
    if (!this.#raw.readableEnded && !this.destroyed && this.#input !== undefined) {
      this.destroy(new HardwareError('CONNECTION_LOST', 'The file ended early: its sender has closed the stream'))
    }
  }
}

async function decompressed(raw: Readable, encoding: ContentEncoding): Promise<Readable> {
  switch (encoding) {
    case 'gzip':
      return raw.pipe(zlib.createGunzip())
    case 'zstd':
      return raw.pipe(zlib.createZstdDecompress())
    case 'bz2': {
      const { default: createDecompressor } = await import('unbzip2-stream')
      const content = new PassThrough()
      const decompressor = raw.pipe(createDecompressor())
      decompressor.on('error', (error) => content.destroy(error))
      return decompressor.pipe(content)
    }
    case 'xz': {
      const { default: xz } = await import('xz-decompress')
      return Readable.fromWeb(new xz.XzReadableStream(Readable.toWeb(raw)) as ReadableStream<Uint8Array>)
    }
  }
}

function compressor(encoding: ContentEncoding): Duplex {
  switch (encoding) {
    case 'gzip':
      return zlib.createGzip()
    case 'zstd':
      return zlib.createZstdCompress()
    default: {
      const refused = new HardwareError('NOT_IMPLEMENTED', `Cannot compress as ${encoding}; ask for gzip, zstd or none`)
      return new PassThrough({ transform: (_chunk, _encoding, done) => done(refused), flush: (done) => done(refused) })
    }
  }
}

function ignore(): void {}
