import { type Duplex, finished } from 'node:stream'

import { Metadata, type UntypedServiceImplementation } from '@grpc/grpc-js'

import { asciiJson } from '../../protocol/grpc/metadata.ts'
import { parseStreamRequest, streamMetadata } from '../../protocol/resources.ts'
import type { ToStatus } from '../../protocol/status.ts'
import type { SessionCalls, SessionStream } from '../session-calls.ts'
import { openServerStream, type RouterCall, type ServerStreamClient } from './server-stream.ts'

/** Carries `jumpstarter.v1.RouterService` to a session: byte streams of its drivers, and files for its drivers. */
export function createRouterService(calls: SessionCalls, toStatus: ToStatus): UntypedServiceImplementation {
  return {
    async stream(call: RouterCall): Promise<void> {
      const controller = new AbortController()
      const { signal } = controller
      call.on('cancelled', () => controller.abort(new Error('the client cancelled the stream')))
      try {
        const request = parseStreamRequest(call.metadata.get(streamMetadata.request)[0]?.toString())
        if (request.kind === 'driver') {
          join(await calls.openStream(request, signal), { call, signal, toStatus })
        } else {
          const encoding = request.x_jmp_content_encoding
          const handle = calls.openResource(request.uuid, encoding, () => openServerStream({ call, signal, toStatus }))
          const metadata = new Metadata()
          metadata.set(streamMetadata.resource, asciiJson(handle))
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
 * Copies both ways until both have ended. The end of the client's input closes only the device's input, because the client
 * still wants to read.
 */
function join({ stream: device, output }: SessionStream, client: ServerStreamClient): void {
  const { call, signal } = client
  if (signal.aborted) {
    device.destroy()
    return
  }
  // Python's client sends and reads nothing before it has the metadata.
  call.sendMetadata(new Metadata())
  const stream: Duplex = openServerStream(client, (chunk) => output.sent(chunk))
  stream.once('close', () => output.end())
  device.pipe(stream).pipe(device)
  finished(stream, (error) => {
    if (error) device.destroy()
  })
  finished(device, (error) => {
    // After what the device has sent: it may be its last words.
    if (error) stream.write(new Uint8Array(), () => stream.destroy(error))
  })
}
