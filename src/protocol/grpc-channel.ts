import type { Duplex } from 'node:stream'

import { create } from '@bufbuild/protobuf'
import { EmptySchema } from '@bufbuild/protobuf/wkt'
import { Client, credentials, Metadata } from '@grpc/grpc-js'

import { HardwareError } from '../errors.ts'
import { type Address, grpcTarget } from './address.ts'
import {
  type CallTarget,
  type Channel,
  type ExporterReport,
  type ExporterState,
  exporterStatuses,
  type LogEntry,
  logSources,
  type OpenResource,
  severities,
  type WaitOptions,
} from './channel.ts'
import { openClientStream } from './client-stream.ts'
import {
  DriverCallRequestSchema,
  GetStatusRequestSchema,
  StreamingDriverCallRequestSchema,
} from './generated/jumpstarter/v1/jumpstarter_pb.ts'
import { GrpcCalls } from './grpc-calls.ts'
import { type ContentEncoding, parseResourceHandle, streamMetadata, type StreamRequestHeader } from './resources.ts'
import { exporterService, routerService } from './services.ts'
import { decodeValue, encodeValue } from './values.ts'

/**
 * gRPC's own limit is 4 MiB; a log or an answer above that is unusual, but no reason to fail.
 * No keepalive: Python's exporter takes pings on this connection for abuse.
 */
const channelOptions = {
  'grpc.max_receive_message_length': 32 * 1024 * 1024,
  'grpc.use_local_subchannel_pool': 1,
  'grpc.enable_retries': 0,
}

/** A {@link Channel} over gRPC, which connects on its first call. */
export class GrpcChannel implements Channel {
  readonly address: string
  readonly #client: Client
  readonly #calls: GrpcCalls
  readonly #streams = new Set<Duplex>()

  constructor(address: Address) {
    this.address = address.kind === 'unix' ? address.path : `${address.host}:${address.port}`
    this.#client = new Client(grpcTarget(address), credentials.createInsecure(), channelOptions)
    this.#calls = new GrpcCalls(this.#client, this.address)
  }

  async report(options: WaitOptions = {}): Promise<ExporterReport> {
    const report = await this.#calls.unary(exporterService.getReport, create(EmptySchema), 'GetReport', options)
    const drivers = report.reports.map((driver) => ({
      uuid: driver.uuid,
      parentUuid: driver.parentUuid === '' ? undefined : driver.parentUuid,
      labels: driver.labels,
      description: driver.description,
      methodsDescription: driver.methodsDescription,
    }))
    return { uuid: report.uuid, labels: report.labels, drivers }
  }

  async call(target: CallTarget, args: readonly unknown[], options: WaitOptions = {}): Promise<unknown> {
    const request = create(DriverCallRequestSchema, callFields(target, args))
    const response = await this.#calls.unary(exporterService.driverCall, request, labelOf(target), options)
    return decodeValue(response.result)
  }

  async *streamingCall(
    target: CallTarget,
    args: readonly unknown[],
    options: WaitOptions = {},
  ): AsyncGenerator<unknown, void, void> {
    const request = create(StreamingDriverCallRequestSchema, callFields(target, args))
    const responses = this.#calls.serverStream(exporterService.streamingDriverCall, request, labelOf(target), options)
    for await (const response of responses) yield decodeValue(response.result)
  }

  async openStream(target: CallTarget, options: WaitOptions = {}) {
    const { uuid, method } = target
    const { stream } = await this.#bidirectional({ kind: 'driver', uuid, method }, labelOf(target), options)
    return stream
  }

  async openResource(uuid: string, encoding: ContentEncoding | null, options: WaitOptions = {}): Promise<OpenResource> {
    const header = { kind: 'resource', uuid, x_jmp_content_encoding: encoding } as const
    const { stream, metadata } = await this.#bidirectional(header, 'resource', options)
    try {
      return { stream, handle: parseResourceHandle(metadata.get(streamMetadata.resource)[0]?.toString()) }
    } catch (cause) {
      stream.destroy()
      throw new HardwareError('PROTOCOL_VIOLATION', `${this.address} opened a resource without a valid handle`, {
        cause,
      })
    }
  }

  async *logs(options: WaitOptions = {}): AsyncGenerator<LogEntry, void, void> {
    for await (const line of this.#calls.serverStream(
      exporterService.logStream,
      create(EmptySchema),
      'LogStream',
      options,
    )) {
      yield {
        severity: severities.find((known) => known === line.severity) ?? 'INFO',
        message: line.message,
        source: logSources[line.source ?? 0] ?? 'UNSPECIFIED',
      }
    }
  }

  async state(options: WaitOptions = {}): Promise<ExporterState | undefined> {
    try {
      const response = await this.#calls.unary(
        exporterService.getStatus,
        create(GetStatusRequestSchema),
        'GetStatus',
        options,
      )
      return {
        status: exporterStatuses[response.status] ?? 'UNSPECIFIED',
        message: response.message,
        version: Number(response.statusVersion),
        previous: response.previousStatus === undefined ? undefined : exporterStatuses[response.previousStatus],
      }
    } catch (error) {
      if (error instanceof HardwareError && error.code === 'NOT_IMPLEMENTED') return undefined
      throw error
    }
  }

  close(): void {
    for (const stream of this.#streams) stream.destroy()
    this.#calls.close()
    this.#client.close()
  }

  async #bidirectional(header: StreamRequestHeader, label: string, options: WaitOptions) {
    this.#calls.requireOpen(label)
    const metadata = new Metadata()
    metadata.set(streamMetadata.request, JSON.stringify(header))
    const { path, requestSerialize, responseDeserialize } = routerService.stream
    const call = this.#client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata)
    const opened = await openClientStream(call, label, options, (failure) =>
      this.#calls.toError(failure, label, options),
    )
    this.#streams.add(opened.stream)
    opened.stream.once('close', () => this.#streams.delete(opened.stream))
    return opened
  }
}

function labelOf(target: CallTarget): string {
  return target.label ?? target.method
}

function callFields({ uuid, method }: CallTarget, args: readonly unknown[]) {
  return { uuid, method, args: args.map((arg, index) => encodeValue(arg, `argument ${index + 1} of ${method}`)) }
}
