import type { Duplex } from 'node:stream'

import { recordedError } from './json-value.ts'
import { onReader } from './record-step.ts'
import type { RecordingFact } from './recording-event.ts'

/** Gets the facts of a stream. @param size the size of the bytes in it */
type StreamSink = (fact: RecordingFact, size: number) => void

/** A stream whose bytes are recorded as they pass. The stream stays the same object, and nothing of its flow changes. */
export class RecordedStream {
  readonly #id: number
  readonly #sink: StreamSink
  #keepsInput: boolean
  readonly #keepsOutput: boolean
  #bytesIn = 0
  #bytesOut = 0

  /** @param keepsBytes false if only the sizes are recorded */
  constructor(stream: Duplex, id: number, sink: StreamSink, keepsBytes: boolean) {
    this.#id = id
    this.#sink = sink
    this.#keepsInput = keepsBytes
    this.#keepsOutput = keepsBytes
    onReader(stream, (console) => this.#readBy(console))
    this.#takeBuffered(stream)
    this.#tapInput(stream)
    this.#tapOutput(stream)
    stream.once('close', () => {
      const { errored } = stream
      const error = errored === null ? {} : { error: recordedError(errored) }
      this.#sink({ type: 'close', id, bytesIn: this.#bytesIn, bytesOut: this.#bytesOut, ...error }, 0)
    })
  }

  /** Leaves the incoming bytes to a console from now on. */
  #readBy(console: string): void {
    this.#keepsInput = false
    this.#sink({ type: 'console', console, id: this.#id }, 0)
  }

  /** Notes the bytes that have come before anybody reads, and leaves them there. */
  #takeBuffered(stream: Duplex): void {
    const buffered: unknown[] = []
    while (stream.readableLength > 0) buffered.push(stream.read())
    for (const chunk of buffered) this.#received(chunk)
    for (const chunk of buffered.toReversed()) stream.unshift(chunk)
  }

  #received(chunk: unknown): void {
    if (!(chunk instanceof Uint8Array)) return
    this.#bytesIn += chunk.byteLength
    if (this.#keepsInput) this.#note('in', ownBytes(chunk))
  }

  #tapInput(stream: Duplex): void {
    const push = stream.push.bind(stream)
    stream.push = (chunk: unknown, encoding) => {
      this.#received(chunk)
      return push(chunk, encoding)
    }
  }

  #tapOutput(stream: Duplex): void {
    // `end(chunk)` calls it, too, and not the public `write`.
    // oxlint-disable-next-line no-underscore-dangle -- the name that Node.js gives it
    const write = stream._write.bind(stream)
    // oxlint-disable-next-line no-underscore-dangle -- as above
    stream._write = (chunk: unknown, encoding, done) => {
      if (chunk instanceof Uint8Array) {
        this.#bytesOut += chunk.byteLength
        // The writer may use its buffer again.
        if (this.#keepsOutput) this.#note('out', Buffer.from(chunk))
      }
      write(chunk, encoding, done)
    }
  }

  #note(direction: 'in' | 'out', bytes: Uint8Array): void {
    this.#sink({ type: 'bytes', id: this.#id, direction, bytes }, bytes.byteLength)
  }
}

/** Returns bytes that keep no memory but their own: a few bytes may be a part of a large buffer. */
function ownBytes(chunk: Uint8Array): Uint8Array {
  return chunk.byteLength * 2 >= chunk.buffer.byteLength ? chunk : Buffer.from(chunk)
}
