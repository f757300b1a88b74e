import { type Duplex, pipeline } from 'node:stream'

import { create } from '@bufbuild/protobuf'
import { Metadata, type ServerDuplexStream, type UntypedServiceImplementation } from '@grpc/grpc-js'

import {
  FrameType,
  type StreamRequest,
  type StreamResponse,
  StreamResponseSchema,
} from '../../protocol/generated/jumpstarter/v1/router_pb.ts'
import { HardwareError } from '../../errors.ts'
import { parseStreamRequest, streamMetadata } from '../../protocol/resources.ts'
import { RouterStream } from '../../protocol/router-stream.ts'
import { toStatus } from '../../protocol/status.ts'
import type { OutputSource } from '../activity.ts'
import { dispatchByteStream } from '../dispatch.ts'
import type { Session } from '../session.ts'

/** Jumpstarter's clients say with a frame that they have sent all; a cancellation follows at once. In milliseconds. */
const halfCloseDelayMs = 1_000

const cancelled = 'The client has closed the stream before its end'

type StreamCall = ServerDuplexStream<StreamRequest, StreamResponse>

/** What a session answers to `jumpstarter.v1.RouterService`: its drivers' byte streams, and files for its drivers. */
export function createRouterService(session: Session): UntypedServiceImplementation {
  return {
    async stream(call: StreamCall): Promise<void> {
      const controller = new AbortController()
      call.on('cancelled', () => controller.abort(new Error('the client cancelled the stream')))
      try {
        session.requireReady()
        const request = parseStreamRequest(call.metadata.get(streamMetadata.request)[0]?.toString())
        const driver = session.driver(request.uuid)
        if (request.kind === 'driver') {
          const device = await dispatchByteStream(driver, request.method, controller.signal)
          connect(device, call, controller.signal, session.activity.follow(driver))
        } else {
          const encoding = request.x_jmp_content_encoding
          const stream = wrap(call, controller.signal)
          const metadata = new Metadata()
          metadata.set(streamMetadata.resource, JSON.stringify(session.resources.add(driver.uuid, encoding, stream)))
          if (encoding !== null) metadata.set(streamMetadata.acceptEncoding, encoding)
          call.sendMetadata(metadata)
        }
      } catch (error) {
        call.emit('error', toStatus(error))
      }
    },
  }
}

/**
 * Copies both ways until both have ended. A client that has sent all it has still wants to read, so its end only closes
 * the device's input.
 *
 * @param output is told what the device has sent
 */
function connect(device: Duplex, call: StreamCall, signal: AbortSignal, output: OutputSource): void {
  if (signal.aborted) {
    device.destroy()
    return
  }
  // Python's client sends and reads nothing before this.
  call.sendMetadata(new Metadata())
  const stream = wrap(call, signal, (chunk) => output.sent(chunk))
  stream.once('close', () => output.end())
  const copied = (error: unknown) => {
    if (error) device.destroy()
  }
  pipeline(device, stream, copied)
  pipeline(stream, device, copied)
}

function wrap(call: StreamCall, signal: AbortSignal, sent?: (chunk: Uint8Array) => void): RouterStream {
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
      call.end()
    },
  })
  // A stream that nobody reads yet has nobody who listens for its errors either.
  stream.on('error', () => undefined)
  signal.addEventListener('abort', () => stream.destroy(new HardwareError('CONNECTION_LOST', cancelled)), {
    once: true,
  })
  return stream
}
