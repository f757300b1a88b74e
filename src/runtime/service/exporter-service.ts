import { randomUUID } from 'node:crypto'

import { create } from '@bufbuild/protobuf'
import { Metadata, type UntypedServiceImplementation } from '@grpc/grpc-js'

import { withoutUndefined } from '../../base/without-undefined.ts'
import { toReports } from '../../protocol/driver-reports.ts'
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
import { largeWindowsKey } from '../../protocol/services.ts'
import type { ToStatus } from '../../protocol/status.ts'
import { decodeValue, encodeValue } from '../../protocol/values.ts'
import type { SessionCalls } from '../session-calls.ts'
import { handlersFor } from './grpc-handlers.ts'

/** Carries `jumpstarter.v1.ExporterService` to a session. `Reset` is not implemented, as in every exporter of Jumpstarter's. */
export function createExporterService(calls: SessionCalls, toStatus: ToStatus): UntypedServiceImplementation {
  const { unary, serverStream } = handlersFor(toStatus)
  return {
    getReport: unary((_request: unknown, _signal, call) => {
      // A client of this package whose windows are large has to know that they are large at this end too.
      const metadata = new Metadata()
      metadata.set(largeWindowsKey, '1')
      call.sendMetadata(metadata)
      const { uuid, labels, drivers, motd } = calls.report()
      const message = motd === undefined ? {} : { motd }
      return create(GetReportResponseSchema, { uuid, labels: { ...labels }, reports: toReports(drivers), ...message })
    }),

    driverCall: unary(async ({ args, ...target }: DriverCallRequest, signal) => {
      const value = await calls.call(target, args.map(decodeValue), signal)
      const result = encodeValue(value, `result of ${target.method}`)
      return create(DriverCallResponseSchema, { uuid: randomUUID(), result })
    }),

    streamingDriverCall: serverStream(
      ({ args, ...target }: StreamingDriverCallRequest, signal) =>
        calls.streamingCall(target, args.map(decodeValue), signal),
      (record, { method }) => {
        const result = encodeValue(record, `record of ${method}`)
        return create(StreamingDriverCallResponseSchema, { uuid: randomUUID(), result })
      },
    ),

    logStream: serverStream(
      (_request: unknown, signal) => calls.logs(signal),
      // Jumpstarter's exporters leave the uuid empty. Here it tells clients that connect again which lines they have.
      ({ source, number, ...line }) => {
        const uuid = number === undefined ? '' : String(number)
        return create(LogStreamResponseSchema, { ...line, uuid, source: LogSource[source] })
      },
    ),

    getStatus: unary(() => {
      const { status, message, version, previous } = calls.state()
      return create(GetStatusResponseSchema, {
        status: ExporterStatus[status],
        statusVersion: BigInt(version),
        ...withoutUndefined({ message, previousStatus: previous && ExporterStatus[previous] }),
      })
    }),

    endSession: unary(() => {
      if (calls.endSession()) return create(EndSessionResponseSchema, { success: true })
      return create(EndSessionResponseSchema, { success: false, message: 'No active lease context' })
    }),
  }
}
