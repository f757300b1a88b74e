import type { Duplex } from 'node:stream'

import { recordedError } from './json-value.ts'
import { onReader } from './record-step.ts'
import type { RecordingFact } from './recording-event.ts'

/** Gets what passes through a stream. */
interface StreamSink {
  /** Notes a fact. @param size the size of the bytes in it */
  readonly note: (fact: RecordingFact, size: number) => void
  /** Decides if a chunk of this size is kept; of another one only the size is. */
  readonly takes: (size: number) => boolean
}

/** The bytes of one direction. */
class Direction {
  readonly name: 'in' | 'out'
  isKept: boolean
  total = 0
  /** The bytes since the last chunk that was kept. */
  skipped = 0

  constructor(name: 'in' | 'out', isKept: boolean) {
    this.name = name
    this.isKept = isKept
  }
}

/** A stream whose bytes are recorded as they pass. The stream stays the same object, and nothing of its flow changes. */
export class RecordedStream {
  readonly #id: number
  readonly #sink: StreamSink
  readonly #in: Direction
  readonly #out: Direction

  /** @param keepsBytes false if only the sizes are recorded */
  constructor(stream: Duplex, id: number, sink: StreamSink, keepsBytes: boolean) {
    this.#id = id
    this.#sink = sink
    this.#in = new Direction('in', keepsBytes)
    this.#out = new Direction('out', keepsBytes)
    onReader(stream, (console) => this.#readBy(console))
    this.#takeBuffered(stream)
    this.#tapInput(stream)
    this.#tapOutput(stream)
    stream.once('close', () => {
      for (const direction of [this.#in, this.#out]) this.#noteSkipped(direction)
      const { errored } = stream
      const error = errored === null ? {} : { error: recordedError(errored) }
      sink.note({ type: 'close', id, bytesIn: this.#in.total, bytesOut: this.#out.total, ...error }, 0)
    })
  }

  /** Leaves the incoming bytes to a console from now on. */
  #readBy(console: string): void {
    this.#in.isKept = false
    this.#sink.note({ type: 'console', console, id: this.#id }, 0)
  }

  /** Notes the bytes that have come before anybody reads, and leaves them there. */
  #takeBuffered(stream: Duplex): void {
    const buffered: unknown[] = []
    while (stream.readableLength > 0) buffered.push(stream.read())
    for (const chunk of buffered) this.#received(chunk)
    for (const chunk of buffered.toReversed()) stream.unshift(chunk)
  }

  #received(chunk: unknown): void {
    if (chunk instanceof Uint8Array && this.#takes(this.#in, chunk)) this.#note(this.#in, ownBytes(chunk))
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
      // The writer may use its buffer again.
      if (chunk instanceof Uint8Array && this.#takes(this.#out, chunk)) this.#note(this.#out, Buffer.from(chunk))
      write(chunk, encoding, done)
    }
  }

  #takes(direction: Direction, { byteLength }: Uint8Array): boolean {
    direction.total += byteLength
    if (!direction.isKept) return false
    if (this.#sink.takes(byteLength)) return true
    direction.skipped += byteLength
    return false
  }

  #note(direction: Direction, bytes: Uint8Array): void {
    this.#noteSkipped(direction)
    this.#sink.note({ type: 'bytes', id: this.#id, direction: direction.name, bytes }, bytes.byteLength)
  }

  #noteSkipped(direction: Direction): void {
    if (direction.skipped === 0) return
    this.#sink.note({ type: 'skipped', id: this.#id, direction: direction.name, bytes: direction.skipped }, 0)
    direction.skipped = 0
  }
}

/** Returns bytes that keep no memory but their own: a few bytes may be a part of a large buffer. */
function ownBytes(chunk: Uint8Array): Uint8Array {
  return chunk.byteLength * 2 >= chunk.buffer.byteLength ? chunk : Buffer.from(chunk)
}
