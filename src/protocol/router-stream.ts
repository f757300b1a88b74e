import { Duplex, type Readable } from 'node:stream'

import { startTimer, stopTimer } from '../base/clock.ts'
import { failAfterData } from '../base/fail-after-data.ts'
import { HardwareError } from '../errors.ts'
import { FrameType, type StreamRequest, type StreamResponse } from './generated/jumpstarter/v1/router_pb.ts'

/** Frames are cut to this many bytes; peers refuse messages above 4 MiB. */
const maxFrameLength = 64 * 1024

/** The messages of both directions have the same fields. */
type Frame = StreamRequest | StreamResponse

/** The differences between the client's and the exporter's end of a call. */
interface RouterStreamEnd {
  /** The time after gRPC's own half-close until it counts as the end of the peer's data, in milliseconds. */
  readonly halfCloseDelayMs: number
  /** Sends a frame. @returns false if the sender has to wait for `drain` */
  write(frame: { readonly payload?: Uint8Array; readonly frameType?: FrameType }): boolean
  /** This side will write no more, and has sent the frame that says so. */
  finished(): void
  /** Neither side will write any more, or the stream was destroyed, with or without an error. */
  closed(error: Error | null): void
}

/**
 * A `RouterService.Stream` call as a Node stream of bytes.
 *
 * - One write is one frame, or several above 64 KiB, and one chunk read is one frame. So datagrams keep their bounds.
 * - `end()` sends a GOAWAY frame, because routers do not forward gRPC's own half-close. Both are read as the end.
 * - PING, RST_STREAM, unknown and empty frames are not data and are ignored. None is ever sent.
 * - Nothing is read from the call faster than it is consumed, nor written faster than it is sent.
 */
export class RouterStream extends Duplex {
  readonly #call: Readable
  readonly #end: RouterStreamEnd
  #onDrain: (() => void) | undefined
  #inputEnded = false
  #peerGone = false
  #failure: Error | undefined
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

  /** True if the other side will write no more. */
  get inputEnded(): boolean {
    return this.#inputEnded
  }

  /** A peer that cancels its call half-closes it first. Only the status that follows distinguishes that from an end. */
  #endWithoutFrame(): void {
    const { halfCloseDelayMs } = this.#end
    if (this.#inputEnded || halfCloseDelayMs === 0) this.#endInput()
    else this.#halfClosed = startTimer(() => this.#endInput(), halfCloseDelayMs)
  }

  #endInput(): void {
    if (this.#inputEnded || this.destroyed) return
    this.#inputEnded = true
    if (this.#failure === undefined) this.push(null)
    else failAfterData(this, this.#failure)
    // The end of the call may still come, and is only seen if it is read.
    this.#call.resume()
  }

  /**
   * Ends the stream with the error of the call, after the data that has come before. A writer that is held up gets it at once: perhaps
   * nobody reads.
   */
  fail(error: Error): void {
    if (this.destroyed) return
    const toRead = this.#call.readableLength + this.readableLength
    if (this.#inputEnded || toRead === 0 || this.writableLength > 0) this.destroy(error)
    else this.#failure = error
  }

  /** Notes the end of the call. Later writes fail. The data that came before can still be read. */
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
      done(this.#failure ?? new HardwareError('CONNECTION_LOST', 'The other side has closed the stream'))
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
    done(this.#failure)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#onDrain = undefined
    stopTimer(this.#halfClosed)
    this.#end.closed(error)
    done(error)
  }
}
