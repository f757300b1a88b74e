import { Duplex, type Readable } from 'node:stream'

import { HardwareError } from '../errors.ts'
import { FrameType, type StreamRequest, type StreamResponse } from './generated/jumpstarter/v1/router_pb.ts'

/** Frames are cut to this many bytes; peers refuse messages above 4 MiB. */
const maxFrameLength = 64 * 1024

/** The messages of both directions have the same fields. */
type Frame = StreamRequest | StreamResponse

/** What differs between the client's and the exporter's end of a call. */
interface RouterStreamEnd {
  /** How long after gRPC's own half-close, in milliseconds, it is taken for the end of what the peer sends. */
  readonly halfCloseDelayMs: number
  /** Sends a frame; false when the sender shall wait for `drain`. */
  write(frame: { readonly payload?: Uint8Array; readonly frameType?: FrameType }): boolean
  /** Our side will write no more, and has said so with a frame. */
  finished(): void
  /** Neither side will write any more, or the stream was destroyed (with an error, or without). */
  closed(error: Error | null): void
}

/**
 * A `RouterService.Stream` call as a Node stream of bytes.
 *
 * - One write is one frame (or several, above 64 KiB), and one chunk read is one frame, so datagrams keep their bounds.
 * - `end()` sends a GOAWAY frame, because routers do not forward gRPC's own half-close; either is read as the end.
 * - PING, RST_STREAM, unknown and empty frames are not data and are passed over; none is ever sent.
 * - Nothing is read from the call faster than it is consumed, nor written faster than it is sent.
 */
export class RouterStream extends Duplex {
  readonly #call: Readable
  readonly #end: RouterStreamEnd
  #onDrain: (() => void) | undefined
  #inputEnded = false
  #peerGone = false
  #halfClosed: NodeJS.Timeout | undefined

  /** @param call the gRPC call of either end, which emits frames as `data`, and `end` and `drain` */
  constructor(call: Readable, end: RouterStreamEnd) {
    super({ readableObjectMode: true, readableHighWaterMark: 16, writableHighWaterMark: maxFrameLength })
    this.#call = call
    this.#end = end
    call.on('data', (frame: Frame) => this.#receive(frame))
    call.on('end', () => this.#endWithoutFrame())
    call.on('drain', () => this.#drained())
    call.pause()
  }

  /** Whether the other side has said that it writes no more. */
  get inputEnded(): boolean {
    return this.#inputEnded
  }

  /** A peer that cancels its call half-closes it first; only what follows tells that from an end. */
  #endWithoutFrame(): void {
    const { halfCloseDelayMs } = this.#end
    if (this.#inputEnded || halfCloseDelayMs === 0) this.#endInput()
    else this.#halfClosed = setTimeout(() => this.#endInput(), halfCloseDelayMs)
  }

  #endInput(): void {
    if (this.#inputEnded || this.destroyed) return
    this.#inputEnded = true
    this.push(null)
    // What may still come is the end of the call; it has to be read to be seen.
    this.#call.resume()
  }

  /** The call is over: what is written from now on fails. What was received before can still be read. */
  endCall(): void {
    this.#peerGone = true
    this.#drained()
  }

  #receive(frame: Frame): void {
    if (frame.frameType === FrameType.GOAWAY) {
      this.#endInput()
    } else if (frame.frameType === FrameType.DATA && frame.payload.length > 0 && !this.#inputEnded) {
      const { buffer, byteOffset, byteLength } = frame.payload
      if (!this.push(Buffer.from(buffer, byteOffset, byteLength))) this.#call.pause()
    }
  }

  #drained(): void {
    const onDrain = this.#onDrain
    this.#onDrain = undefined
    onDrain?.()
  }

  override _read(): void {
    this.#call.resume()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#peerGone) {
      done(new HardwareError('CONNECTION_LOST', 'The other side has closed the stream'))
      return
    }
    let ready = true
    for (let start = 0; start < chunk.length; start += maxFrameLength) {
      ready = this.#end.write({ payload: chunk.subarray(start, start + maxFrameLength) })
    }
    if (ready) done()
    else this.#onDrain = done
  }

  override _final(done: (error?: Error | null) => void): void {
    if (!this.#peerGone) {
      this.#end.write({ frameType: FrameType.GOAWAY })
      this.#end.finished()
    }
    done()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#onDrain = undefined
    clearTimeout(this.#halfClosed)
    this.#end.closed(error)
    done(error)
  }
}
