import { create } from '@bufbuild/protobuf'
import { EmptySchema } from '@bufbuild/protobuf/wkt'
import { Client, credentials, Metadata } from '@grpc/grpc-js'

import {
  type DriverCallResponse,
  DriverCallRequestSchema,
  type GetReportResponse,
  StreamingDriverCallRequestSchema,
  type StreamingDriverCallResponse,
} from '../../src/protocol/generated/jumpstarter/v1/jumpstarter_pb.ts'
import { StreamRequestSchema, type StreamResponse } from '../../src/protocol/generated/jumpstarter/v1/router_pb.ts'
import { exporterService, routerService } from '../../src/protocol/services.ts'
import { measureExporter } from './measure.ts'
import type { BenchPeer } from './peer.ts'
import { numberIn, rawValue } from './raw-value.ts'

/** grpc-js by hand, with its default options and nothing around it. */
export async function connectRaw(address: string): Promise<BenchPeer> {
  // One connection for each client, as other clients have; grpc-js would share one.
  const client = new Client(`unix:${address}`, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 })
  const report = await getReport(client)
  const uuid = report.reports[0]?.uuid ?? ''
  return {
    async call(method, args) {
      const request = create(DriverCallRequestSchema, { uuid, method, args: args.map(rawValue) })
      const { path, requestSerialize, responseDeserialize } = exporterService.driverCall
      const response = await new Promise<DriverCallResponse>((resolve, reject) => {
        client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, (error, response) => {
          if (error === null && response !== undefined) resolve(response)
          else reject(error ?? new Error('no answer'))
        })
      })
      return response.result?.kind.value
    },
    async *records(count) {
      const request = create(StreamingDriverCallRequestSchema, { uuid, method: 'records', args: [rawValue(count)] })
      const { path, requestSerialize, responseDeserialize } = exporterService.streamingDriverCall
      const responses = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request)
      for await (const response of responses) {
        const { kind } = (response as StreamingDriverCallResponse).result ?? {}
        if (kind?.case !== 'structValue') throw new Error('a record is missing')
        yield numberIn(kind.value.fields['index'])
      }
    },
    async open(method) {
      const metadata = new Metadata()
      metadata.set('method', method)
      const { path, requestSerialize, responseDeserialize } = routerService.stream
      const stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata)
      await new Promise((resolve, reject) => stream.once('metadata', resolve).once('error', reject))
      return {
        stream,
        frame: (chunk) => create(StreamRequestSchema, { payload: chunk }),
        bytes: (data) => (data as StreamResponse).payload,
      }
    },
    close: () => client.close(),
  }
}

function getReport(client: Client): Promise<GetReportResponse> {
  const { path, requestSerialize, responseDeserialize } = exporterService.getReport
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, create(EmptySchema), (error, response) => {
      if (error === null && response !== undefined) resolve(response)
      else reject(error ?? new Error('no answer'))
    })
  })
}

if (import.meta.main) await measureExporter(connectRaw)
