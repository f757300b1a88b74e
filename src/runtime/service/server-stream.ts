import type { Duplex } from 'node:stream'

import { create } from '@bufbuild/protobuf'
import type { ServerDuplexStream } from '@grpc/grpc-js'

import { onAbort } from '../../base/abort.ts'
import { startTimer, stopTimer } from '../../base/clock.ts'
import { HardwareError } from '../../errors.ts'
import {
  FrameType,
  type StreamRequest,
  type StreamResponse,
  StreamResponseSchema,
} from '../../protocol/generated/jumpstarter/v1/router_pb.ts'
import { RouterStream } from '../../protocol/router-stream.ts'
import type { ToStatus } from '../../protocol/status.ts'

/** The longest time from gRPC's half-close to a cancellation, in milliseconds. Jumpstarter's clients cancel at once after it. */
const halfCloseDelayMs = 1_000

/** The longest wait for the end of a client that has got all, in milliseconds. */
const clientEndTimeoutMs = 5_000

/** A call of `RouterService.Stream`, at the exporter's end. */
export type RouterCall = ServerDuplexStream<StreamRequest, StreamResponse>

/** The client's end of a stream. */
export interface ServerStreamClient {
  readonly call: RouterCall
  /** Aborted when the client has gone; destroys the stream. */
  readonly signal: AbortSignal
  /** Makes the answer when the stream fails. */
  readonly toStatus: ToStatus
}

/**
 * Opens the exporter's end of a call as a stream of bytes.
 *
 * @param sent gets each chunk that goes to the client
 */
export function openServerStream(
  { call, signal, toStatus }: ServerStreamClient,
  sent?: (chunk: Uint8Array) => void,
): Duplex {
  const stream = new RouterStream(call, {
    halfCloseDelayMs,
    write: (frame) => {
      if (frame.payload !== undefined) sent?.(frame.payload)
      return call.write(create(StreamResponseSchema, frame))
    },
    finished: () => undefined,
    closed: (error) => {
      if (error !== null && !signal.aborted) {
        call.emit('error', toStatus(error))
        return
      }
      // Clients behind a router see the end of a stream by its frame alone.
      if (!stream.writableFinished && !signal.aborted) {
        call.write(create(StreamResponseSchema, { frameType: FrameType.GOAWAY }))
      }
      if (stream.writableFinished && !stream.inputEnded && !signal.aborted) endAfterClient(call)
      else call.end()
    },
  })
  // Nobody listens for the errors of a stream that no driver has taken yet.
  stream.on('error', () => undefined)
  onAbort(signal, () => {
    stream.destroy(new HardwareError('CONNECTION_LOST', 'The client has closed the stream before its end'))
  })
  return stream
}

/**
 * Ends a call when the client has ended its side. Jumpstarter's clients drop what they have not read yet when they find that they
 * cannot send their own end any more: the end of a file would be missing.
 */
function endAfterClient(call: RouterCall): void {
  const end = () => {
    stopTimer(limit)
    call.end()
  }
  const limit = startTimer(end, clientEndTimeoutMs).unref()
  call.on('data', ({ frameType }: StreamRequest) => {
    if (frameType === FrameType.GOAWAY) end()
  })
  call.once('end', end)
  call.once('cancelled', () => stopTimer(limit))
  call.resume()
}
