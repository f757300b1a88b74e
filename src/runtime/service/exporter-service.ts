import { randomUUID } from 'node:crypto'
import { finished } from 'node:stream'

import { create } from '@bufbuild/protobuf'
import {
  type sendUnaryData,
  type ServerUnaryCall,
  type ServerWritableStream,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js'

import { ExporterStatus, LogSource } from '../../protocol/generated/jumpstarter/v1/common_pb.ts'
import {
  type DriverCallRequest,
  DriverCallResponseSchema,
  EndSessionResponseSchema,
  GetReportResponseSchema,
  GetStatusResponseSchema,
  LogStreamResponseSchema,
  type StreamingDriverCallRequest,
  StreamingDriverCallResponseSchema,
} from '../../protocol/generated/jumpstarter/v1/jumpstarter_pb.ts'
import { toStatus } from '../../protocol/status.ts'
import { decodeValue, encodeValue } from '../../protocol/values.ts'
import { dispatchCall, dispatchStreaming } from '../dispatch.ts'
import type { Session } from '../session.ts'

/** What a session answers to `jumpstarter.v1.ExporterService`. `Reset` stays unimplemented, as everywhere. */
export function createExporterService(session: Session): UntypedServiceImplementation {
  return {
    getReport: unary(() => {
      const { uuid, labels, drivers } = session.report()
      const reports = drivers.map(({ parentUuid, description, ...driver }) => ({
        ...driver,
        ...(parentUuid === undefined ? {} : { parentUuid }),
        ...(description === undefined ? {} : { description }),
      }))
      return create(GetReportResponseSchema, { uuid, labels: { ...labels }, reports })
    }),

    driverCall: unary(async ({ uuid, method, args }: DriverCallRequest, signal) => {
      session.requireReady()
      const result = await dispatchCall(session.driver(uuid), method, args.map(decodeValue), signal)
      return create(DriverCallResponseSchema, {
        uuid: randomUUID(),
        result: encodeValue(result, `result of ${method}`),
      })
    }),

    streamingDriverCall: serverStream(async function* ({ uuid, method, args }: StreamingDriverCallRequest, signal) {
      session.requireReady()
      for await (const record of dispatchStreaming(session.driver(uuid), method, args.map(decodeValue), signal)) {
        const result = encodeValue(record, `record of ${method}`)
        yield create(StreamingDriverCallResponseSchema, { uuid: randomUUID(), result })
      }
    }),

    logStream: serverStream(async function* (_request: unknown, signal) {
      for await (const { severity, message, source } of session.log.read(signal)) {
        yield create(LogStreamResponseSchema, { severity, message, source: LogSource[source] })
      }
    }),

    getStatus: unary(() => {
      const { status, message, version, previous } = session.state
      return create(GetStatusResponseSchema, {
        status: ExporterStatus[status],
        statusVersion: BigInt(version),
        ...(message === undefined ? {} : { message }),
        ...(previous === undefined ? {} : { previousStatus: ExporterStatus[previous] }),
      })
    }),

    endSession: unary(() => create(EndSessionResponseSchema, { success: false, message: 'No active lease context' })),
  }
}

type Answer<Request, Response> = (request: Request, signal: AbortSignal) => Response | Promise<Response>

function unary<Request, Response>(answer: Answer<Request, Response>) {
  return (call: ServerUnaryCall<Request, Response>, respond: sendUnaryData<Response>): void => {
    const controller = new AbortController()
    call.on('cancelled', () => controller.abort(new Error('the client cancelled the call')))
    const run = async () => answer(call.request, controller.signal)
    run().then(
      (response) => respond(null, response),
      (error: unknown) => respond(toStatus(error)),
    )
  }
}

function serverStream<Request, Response>(
  records: (request: Request, signal: AbortSignal) => AsyncGenerator<Response, void, void>,
) {
  return (call: ServerWritableStream<Request, Response>): void => {
    const controller = new AbortController()
    call.on('cancelled', () => controller.abort(new Error('the client cancelled the call')))
    void sendAll(call, records(call.request, controller.signal), controller.signal)
  }
}

async function sendAll<Response>(
  call: ServerWritableStream<unknown, Response>,
  records: AsyncGenerator<Response, void, void>,
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const record of records) {
      if (signal.aborted) break
      if (!call.write(record)) await drained(call, signal)
    }
    call.end()
  } catch (error) {
    call.emit('error', toStatus(error))
  }
}

/** Waits until a call takes more, or has ended. */
function drained(call: ServerWritableStream<unknown, unknown>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      call.off('drain', settle)
      signal.removeEventListener('abort', settle)
      cleanup()
      resolve()
    }
    const cleanup = finished(call, settle)
    call.once('drain', settle)
    signal.addEventListener('abort', settle, { once: true })
  })
}
