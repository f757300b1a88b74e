import { type DescMessage, fromBinary, type MessageShape, toBinary } from '@bufbuild/protobuf'
import type { GenService } from '@bufbuild/protobuf/codegenv2'
import type { MethodDefinition } from '@grpc/grpc-js'

import { encodeFrame } from './frame-codec.ts'
import { ClientService } from './generated/jumpstarter/client/v1/client_pb.ts'
import { ControllerService, ExporterService } from './generated/jumpstarter/v1/jumpstarter_pb.ts'
import { RouterService } from './generated/jumpstarter/v1/router_pb.ts'

type GrpcMethods<Service> =
  Service extends GenService<infer Methods>
    ? {
        readonly [K in keyof Methods]: MethodDefinition<
          MessageShape<Methods[K]['input'] & DescMessage>,
          MessageShape<Methods[K]['output'] & DescMessage>
        >
      }
    : never

/** A generated service in the form that grpc-js takes, for its clients and its servers. */
// oxlint-disable-next-line typescript/no-explicit-any -- GenService's parameter is invariant
function grpcService<Service extends GenService<any>>(service: Service): GrpcMethods<Service> {
  const methods = service.methods.map((method): [string, MethodDefinition<unknown, unknown>] => [
    method.localName,
    {
      path: `/${service.typeName}/${method.name}`,
      requestStream: method.methodKind === 'client_streaming' || method.methodKind === 'bidi_streaming',
      responseStream: method.methodKind === 'server_streaming' || method.methodKind === 'bidi_streaming',
      ...codec('request', method.input),
      ...codec('response', method.output),
    } as MethodDefinition<unknown, unknown>,
  ])
  return Object.fromEntries(methods) as GrpcMethods<Service>
}

function codec(direction: 'request' | 'response', schema: DescMessage) {
  return {
    [`${direction}Serialize`]: (message: MessageShape<DescMessage>) => {
      const bytes = toBinary(schema, message)
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    },
    [`${direction}Deserialize`]: (bytes: Buffer) => fromBinary(schema, bytes),
  }
}

/** `jumpstarter.v1.ExporterService` for grpc-js. */
export const exporterService = grpcService(ExporterService)

/** `jumpstarter.v1.ControllerService` for grpc-js. */
export const controllerService = grpcService(ControllerService)

/** `jumpstarter.client.v1.ClientService` for grpc-js. */
export const clientService = grpcService(ClientService)

/**
 * Metadata of GetReport's answer with which an exporter says that its HTTP/2 windows are large. With large ones at both ends
 * two Node.js processes that echo to each other can stop for ever, so that clients then keep theirs small.
 */
export const largeWindowsKey = 'vitest-hardware-large-windows'

const { stream } = grpcService(RouterService)

/** `jumpstarter.v1.RouterService` for grpc-js, with an encoder of our own for what carries bytes. */
export const routerService = { stream: { ...stream, requestSerialize: encodeFrame, responseSerialize: encodeFrame } }
