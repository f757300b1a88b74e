import { Transform, type TransformCallback } from 'node:stream'
import { createZstdDecompress } from 'node:zlib'

/**
 * Decompresses zstd. Node's stream ends with the first frame and ignores the bytes after it, but files may have many frames
 * (RFC 8878, section 3), as those of `pzstd` have.
 */
export class ZstdDecompressor extends Transform {
  #frame = this.#open()

  #open() {
    const frame = createZstdDecompress()
    frame.on('data', (content: Buffer) => {
      if (!this.push(content)) frame.pause()
    })
    frame.on('error', (error) => this.destroy(error))
    return frame
  }

  override _read(size: number): void {
    this.#frame.resume()
    // oxlint-disable-next-line no-underscore-dangle -- the name in Node's streams
    super._read(size)
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#feed(chunk, done)
  }

  #feed(chunk: Buffer, done: TransformCallback): void {
    const frame = this.#frame
    const before = frame.bytesWritten
    const nextFrame = () => {
      this.#frame = this.#open()
      this.#feed(chunk.subarray(frame.bytesWritten - before), done)
      frame.destroy()
    }
    frame.once('end', nextFrame)
    frame.write(chunk, () => {
      frame.off('end', nextFrame)
      // A frame that has ended before it took everything is destroyed, and the next frame takes the rest.
      if (frame === this.#frame) done()
    })
  }

  override _flush(done: TransformCallback): void {
    this.#frame.once('end', () => done())
    this.#frame.end()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#frame.destroy()
    done(error)
  }
}
