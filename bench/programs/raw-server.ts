/** A server of the benchmark's driver, by hand on grpc-js with its default options. Its argument is the socket's path. */
import { randomUUID } from 'node:crypto'
import { promisify } from 'node:util'

import { create } from '@bufbuild/protobuf'
import type { Empty } from '@bufbuild/protobuf/wkt'
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from '@grpc/grpc-js'

import {
  type DriverCallRequest,
  type DriverCallResponse,
  DriverCallResponseSchema,
  type GetReportResponse,
  GetReportResponseSchema,
  type StreamingDriverCallRequest,
  type StreamingDriverCallResponse,
  StreamingDriverCallResponseSchema,
} from '../../src/protocol/generated/jumpstarter/v1/jumpstarter_pb.ts'
import {
  type StreamRequest,
  type StreamResponse,
  StreamResponseSchema,
} from '../../src/protocol/generated/jumpstarter/v1/router_pb.ts'
import { exporterService, routerService } from '../../src/protocol/services.ts'
import { numberIn, rawStruct, rawValue } from './raw-value.ts'

type StreamCall = ServerDuplexStream<StreamRequest, StreamResponse>

const uuid = randomUUID()
let source = { chunk: Buffer.alloc(0), count: 0 }

const answerReport = (_call: ServerUnaryCall<Empty, GetReportResponse>, respond: sendUnaryData<GetReportResponse>) =>
  respond(null, create(GetReportResponseSchema, { uuid, reports: [{ uuid }] }))

const answerCall = (
  { request: { method, args } }: ServerUnaryCall<DriverCallRequest, DriverCallResponse>,
  respond: sendUnaryData<DriverCallResponse>,
) => {
  const [first, second] = args
  if (method === 'configure_source') source = { chunk: Buffer.alloc(numberIn(first)), count: numberIn(second) }
  const result = method === 'echo' ? (first ?? rawValue('')) : rawValue('')
  respond(null, create(DriverCallResponseSchema, { uuid: randomUUID(), result }))
}

const answerRecords = async (call: ServerWritableStream<StreamingDriverCallRequest, StreamingDriverCallResponse>) => {
  const count = numberIn(call.request.args[0])
  for (let index = 0; index < count; index++) {
    const result = rawStruct({ index, voltage: 5, current: 0.25 })
    const response = create(StreamingDriverCallResponseSchema, { uuid: randomUUID(), result })
    if (!call.write(response)) await drained(call)
  }
  call.end()
}

const streams: Readonly<Record<string, (call: StreamCall) => void | Promise<void>>> = {
  sink(call) {
    let received = 0
    call.on('data', (frame: StreamRequest) => (received += frame.payload.length))
    call.on('end', () => {
      call.write(create(StreamResponseSchema, { payload: Buffer.from(String(received)) }))
      call.end()
    })
  },
  async source(call) {
    const { chunk, count } = source
    call.resume()
    for (let index = 0; index < count; index++) {
      if (!call.write(create(StreamResponseSchema, { payload: chunk }))) await drained(call)
    }
    call.end()
  },
  loopback(call) {
    call.on('data', (frame: StreamRequest) => {
      if (!call.write(create(StreamResponseSchema, { payload: frame.payload }))) call.pause()
    })
    call.on('drain', () => call.resume())
    call.on('end', () => call.end())
  },
}

function drained(call: StreamCall | ServerWritableStream<unknown, unknown>): Promise<void> {
  return new Promise((resolve) => {
    call.once('drain', resolve)
  })
}

const server = new Server()
server.addService(exporterService, {
  getReport: answerReport,
  driverCall: answerCall,
  streamingDriverCall: (call: ServerWritableStream<StreamingDriverCallRequest, StreamingDriverCallResponse>) =>
    void answerRecords(call),
})
server.addService(routerService, {
  stream: (call: StreamCall) => {
    call.sendMetadata(new Metadata())
    void streams[String(call.metadata.get('method')[0])]?.(call)
  },
})
const path = process.argv[2] ?? ''
await promisify(server.bindAsync.bind(server))(`unix:${path}`, ServerCredentials.createInsecure())
console.log(`JUMPSTARTER_HOST=${path}`)
process.on('SIGTERM', () => server.forceShutdown())
