import type { Duplex } from 'node:stream'

import { create } from '@bufbuild/protobuf'
import { type ClientDuplexStream, type Metadata, status as Status, type ServiceError } from '@grpc/grpc-js'

import type { WaitOptions } from '../../base/wait-options.ts'
import { type StreamRequest, StreamRequestSchema, type StreamResponse } from '../generated/jumpstarter/v1/router_pb.ts'
import { callError, type CallName, type Peer } from '../call-error.ts'
import { RouterStream } from '../router-stream.ts'
import { onAbort } from '../../base/abort.ts'
import { startTimer, stopTimer } from '../../base/clock.ts'

/** The longest wait for an exporter to take the last bytes for a device that has ended first, in milliseconds. */
const lastBytesTimeoutMs = 10_000

/** An open stream and the metadata that the exporter opened it with. */
interface OpenedStream {
  readonly stream: Duplex
  readonly metadata: Metadata
}

/**
 * Waits until the exporter has opened a stream, and wraps the call. The initial metadata shows that the stream is open.
 *
 * The stream is cancelled as soon as both sides have ended, because Python's exporter never ends it by itself. If this side has ended
 * last, the exporter may not have its last bytes yet, and gets some time. Python's exporter closes its own side with the status
 * ABORTED, so that is an end and no error.
 *
 * @param toError makes the error of a failed call
 */
export function openClientStream(
  call: ClientDuplexStream<StreamRequest, StreamResponse>,
  name: CallName,
  { signal, timeoutMs }: WaitOptions,
  { details }: Peer,
  toError: (failure: ServiceError) => Error,
): Promise<OpenedStream> {
  return new Promise((resolve, reject) => {
    let endsLast = false
    const stream: RouterStream = new RouterStream(call, {
      // The exporter's status comes with the half-close.
      halfCloseDelayMs: 0,
      write: (frame) => call.write(create(StreamRequestSchema, frame)),
      finished: () => {
        endsLast = stream.inputEnded
        call.end()
      },
      closed: (error) => {
        if (error !== null || !endsLast) call.cancel()
        else cancelUnlessOver(call)
      },
    })
    let opening = true
    const settled = () => {
      opening = false
      stopTimer(timer)
      stopListening()
    }
    const fail = (error: Error) => {
      settled()
      stream.on('error', () => undefined).destroy(error)
      reject(error)
    }
    const timer =
      timeoutMs === undefined
        ? undefined
        : startTimer(() => {
            const text = `the stream was not opened within ${timeoutMs} ms`
            fail(callError('CALL_TIMEOUT', name, text, { details: { ...details, limitMs: timeoutMs } }))
          }, timeoutMs)
    const stopListening = onAbort(signal, () => call.cancel())

    call.once('metadata', (metadata: Metadata) => {
      if (!opening) return
      settled()
      resolve({ stream, metadata })
    })
    call.once('status', () => stream.endCall())
    call.on('error', (failure: ServiceError) => {
      if (opening) fail(toError(failure))
      else if (failure.code !== Status.ABORTED) stream.fail(toError(failure))
    })
  })
}

function cancelUnlessOver(call: ClientDuplexStream<StreamRequest, StreamResponse>): void {
  const limit = startTimer(() => call.cancel(), lastBytesTimeoutMs).unref()
  call.once('status', () => stopTimer(limit))
}
