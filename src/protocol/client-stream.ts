import type { Duplex } from 'node:stream'

import { create } from '@bufbuild/protobuf'
import { type ClientDuplexStream, type Metadata, status as Status, type ServiceError } from '@grpc/grpc-js'

import { HardwareError } from '../errors.ts'
import type { WaitOptions } from './channel.ts'
import { type StreamRequest, StreamRequestSchema, type StreamResponse } from './generated/jumpstarter/v1/router_pb.ts'
import { RouterStream } from './router-stream.ts'
import { whenAborted } from './when-aborted.ts'

/** An open stream and the metadata that the exporter opened it with. */
interface OpenedStream {
  readonly stream: Duplex
  readonly metadata: Metadata
}

/**
 * Waits until the exporter has opened a stream (its initial metadata is the sign), and wraps the call.
 *
 * @param label how errors name the stream
 * @param toError what a failed call throws
 *
 * The stream is cancelled as soon as both sides have ended, because Python's exporter never ends it by itself. A status
 * of ABORTED is how it closes its own side, so that is an end and no error.
 */
export function openClientStream(
  call: ClientDuplexStream<StreamRequest, StreamResponse>,
  label: string,
  { signal, timeoutMs }: WaitOptions,
  toError: (failure: ServiceError) => Error,
): Promise<OpenedStream> {
  return new Promise((resolve, reject) => {
    const stream = new RouterStream(call, {
      // The exporter's status comes with it.
      halfCloseDelayMs: 0,
      write: (frame) => call.write(create(StreamRequestSchema, frame)),
      finished: () => call.end(),
      closed: () => call.cancel(),
    })
    let opening = true
    const settled = () => {
      opening = false
      clearTimeout(timer)
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
        : setTimeout(() => {
            fail(new HardwareError('CALL_TIMEOUT', `${label}: the stream was not opened within ${timeoutMs} ms`))
          }, timeoutMs)
    const stopListening = whenAborted(signal, () => call.cancel())

    call.once('metadata', (metadata: Metadata) => {
      if (!opening) return
      settled()
      resolve({ stream, metadata })
    })
    call.once('status', () => stream.endCall())
    call.on('error', (failure: ServiceError) => {
      if (opening) fail(toError(failure))
      else if (failure.code !== Status.ABORTED && !stream.destroyed) stream.destroy(toError(failure))
    })
  })
}
