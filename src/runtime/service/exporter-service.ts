import { randomUUID } from 'node:crypto'
import { finished } from 'node:stream'

import { create } from '@bufbuild/protobuf'
import {
  Metadata,
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
import { toReports } from '../../protocol/driver-reports.ts'
import { largeWindowsKey } from '../../protocol/services.ts'
import { toStatus } from '../../protocol/status.ts'
import { decodeValue, encodeValue } from '../../protocol/values.ts'
import { dispatchCall, dispatchStreaming } from '../dispatch.ts'
import type { Session } from '../session.ts'

/** What a session answers to `jumpstarter.v1.ExporterService`. `Reset` stays unimplemented, as everywhere. */
export function createExporterService(session: Session): UntypedServiceImplementation {
  return {
    getReport: unary((_request: unknown, _cancellation, call) => {
      // Clients of ours, at whose end windows are larger, have to know that they are large at this end too.
      const metadata = new Metadata()
      metadata.set(largeWindowsKey, '1')
      call.sendMetadata(metadata)
      const { uuid, labels, drivers } = session.report()
      return create(GetReportResponseSchema, { uuid, labels: { ...labels }, reports: toReports(drivers) })
    }),

    driverCall: unary(async ({ uuid, method, args }: DriverCallRequest, { signal, whenOver }) => {
      session.requireReady()
      const driver = session.driver(uuid)
      whenOver(session.activity.begin(driver, method))
      const result = await dispatchCall(driver, method, args.map(decodeValue), signal)
      return create(DriverCallResponseSchema, {
        uuid: randomUUID(),
        result: encodeValue(result, `result of ${method}`),
      })
    }),

    streamingDriverCall: serverStream(
      ({ uuid, method, args }: StreamingDriverCallRequest, { signal, whenOver }) => {
        session.requireReady()
        const driver = session.driver(uuid)
        whenOver(session.activity.begin(driver, method))
        return dispatchStreaming(driver, method, args.map(decodeValue), signal)
      },
      (record, { method }) => {
        const result = encodeValue(record, `record of ${method}`)
        return create(StreamingDriverCallResponseSchema, { uuid: randomUUID(), result })
      },
    ),

    logStream: serverStream(
      (_request: unknown, { signal }) => session.log.read(signal),
      ({ severity, message, source }) =>
        create(LogStreamResponseSchema, { severity, message, source: LogSource[source] }),
    ),

    getStatus: unary(() => {
      const { status, message, version, previous } = session.state
      return create(GetStatusResponseSchema, {
        status: ExporterStatus[status],
        statusVersion: BigInt(version),
        ...(message === undefined ? {} : { message }),
        ...(previous === undefined ? {} : { previousStatus: ExporterStatus[previous] }),
      })
    }),

    endSession: unary(() => {
      if (session.requestEnd()) return create(EndSessionResponseSchema, { success: true })
      return create(EndSessionResponseSchema, { success: false, message: 'No active lease context' })
    }),
  }
}

type Answer<Request, Response> = (
  request: Request,
  cancellation: Cancellation,
  call: ServerUnaryCall<Request, Response>,
) => Response | Promise<Response>

function unary<Request, Response>(answer: Answer<Request, Response>) {
  return (call: ServerUnaryCall<Request, Response>, respond: sendUnaryData<Response>): void => {
    const cancellation = cancellationOf(call)
    const run = async () => answer(call.request, cancellation, call)
    run().then(
      (response) => {
        cancellation.end()
        respond(null, response)
      },
      (error: unknown) => {
        cancellation.end()
        respond(toStatus(error))
      },
    )
  }
}

function serverStream<Request, Record, Response>(
  recordsOf: (request: Request, cancellation: Cancellation) => AsyncGenerator<Record, void, void>,
  toResponse: (record: Record, request: Request) => Response,
) {
  const sendAll = async (call: ServerWritableStream<Request, Response>): Promise<void> => {
    const cancellation = cancellationOf(call)
    const { signal, end } = cancellation
    try {
      for await (const record of recordsOf(call.request, cancellation)) {
        if (signal.aborted) break
        if (!call.write(toResponse(record, call.request))) await drained(call, signal)
      }
      end()
      call.end()
    } catch (error) {
      end()
      call.emit('error', toStatus(error))
    }
  }
  return (call: ServerWritableStream<Request, Response>): void => void sendAll(call)
}

/** A call that its client may cancel, as it does by going away. */
interface Cancellation {
  readonly signal: AbortSignal
  /** Notes who is told once when the call ends, or is cancelled before, however long the driver goes on. */
  readonly whenOver: (told: (isCancelled: boolean) => void) => void
  /** After it nothing is cancelled any more; grpc-js tells calls that they were cancelled when they have ended. */
  readonly end: () => void
}

function cancellationOf(call: { on(event: 'cancelled', listener: () => void): unknown }): Cancellation {
  const controller = new AbortController()
  let ended = false
  let tell: ((isCancelled: boolean) => void) | undefined
  call.on('cancelled', () => {
    if (ended) return
    tell?.(true)
    tell = undefined
    controller.abort(new Error('the client cancelled the call'))
  })
  return {
    signal: controller.signal,
    whenOver: (told) => void (tell = told),
    end: () => {
      ended = true
      tell?.(false)
    },
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
