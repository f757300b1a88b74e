import type { Duplex } from 'node:stream'

import { create } from '@bufbuild/protobuf'
import { EmptySchema } from '@bufbuild/protobuf/wkt'
import { type ChannelOptions, Client, type Metadata } from '@grpc/grpc-js'

import { HardwareError } from '../errors.ts'
import { type Address, formatAddress, grpcTarget } from './address.ts'
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
  type WhenLost,
} from './channel.ts'
import { openClientStream } from './client-stream.ts'
import {
  DriverCallRequestSchema,
  EndSessionRequestSchema,
  GetStatusRequestSchema,
  StreamingDriverCallRequestSchema,
} from './generated/jumpstarter/v1/jumpstarter_pb.ts'
import { eagerWrites } from './eager-writes.ts'
import type { ConnectionSecurity } from './endpoint.ts'
import { GrpcCalls } from './grpc-calls.ts'
import { channelCredentials, passphraseMetadata, tlsChannelOptions } from './grpc-security.ts'
import { type ContentEncoding, parseResourceHandle, streamMetadata, type StreamRequestHeader } from './resources.ts'
import { exporterService, largeWindowsKey, routerService } from './services.ts'
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

/** How much an exporter whose own windows are small may send before we have read it, in bytes. */
const wideWindowBytes = 1024 * 1024

/** A {@link Channel} over gRPC, which connects on its first call. */
export class GrpcChannel implements Channel {
  readonly address: string
  readonly #client: Client
  readonly #calls: GrpcCalls
  readonly #metadata: Metadata
  readonly #streams = new Set<Duplex>()
  readonly #connect: (options: ChannelOptions) => Client
  /** Another connection, for bytes, with larger windows. */
  #wide: Client | undefined
  #mayWiden = false

  /**
   * @param name how errors name the exporter, besides its address
   * @param whenLost says why the connection was lost
   * @throws HardwareError ARGUMENT_INVALID for a certificate or a passphrase that is none
   */
  constructor(
    address: Address,
    {
      name,
      whenLost,
      ...security
    }: ConnectionSecurity & { readonly name?: string | undefined; readonly whenLost?: WhenLost | undefined } = {},
  ) {
    this.address = name === undefined ? formatAddress(address) : `exporter ${name} (${formatAddress(address)})`
    this.#metadata = passphraseMetadata(security.passphrase)
    const credentials = channelCredentials(address, security)
    const all = { ...channelOptions, ...tlsChannelOptions(address) }
    this.#connect = (options) => new Client(grpcTarget(address), credentials, { ...all, ...options })
    this.#client = this.#connect({})
    this.#calls = new GrpcCalls(this.#client, this.address, this.#metadata, whenLost)
  }

  async report(options: WaitOptions = {}): Promise<ExporterReport> {
    const method = exporterService.getReport
    const report = await this.#calls.unary(method, create(EmptySchema), 'GetReport', options, (metadata) => {
      this.#mayWiden = metadata.get(largeWindowsKey).length === 0
    })
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

  streamingCall(
    target: CallTarget,
    args: readonly unknown[],
    options: WaitOptions = {},
  ): AsyncGenerator<unknown, void, void> {
    const request = create(StreamingDriverCallRequestSchema, callFields(target, args))
    const method = exporterService.streamingDriverCall
    return this.#calls.serverStream(method, request, labelOf(target), options, ({ result }) => decodeValue(result))
  }

  async openStream(target: CallTarget, options: WaitOptions = {}) {
    const { uuid, method } = target
    const { stream } = await this.#bidirectional({ kind: 'driver', uuid, method }, labelOf(target), options)
    return stream
  }

  async openResource(
    uuid: string,
    encoding: ContentEncoding | null,
    { label = 'resource', ...options }: WaitOptions & { readonly label?: string } = {},
  ): Promise<OpenResource> {
    const header = { kind: 'resource', uuid, x_jmp_content_encoding: encoding } as const
    const { stream, metadata } = await this.#bidirectional(header, label, options)
    try {
      return { stream, handle: parseResourceHandle(metadata.get(streamMetadata.resource)[0]?.toString()) }
    } catch (cause) {
      stream.destroy()
      throw new HardwareError('PROTOCOL_VIOLATION', `${this.address} opened a resource without a valid handle`, {
        cause,
      })
    }
  }

  logs(options: WaitOptions = {}): AsyncGenerator<LogEntry, void, void> {
    const request = create(EmptySchema)
    return this.#calls.serverStream(exporterService.logStream, request, 'LogStream', options, (line) => ({
      severity: severities.find((known) => known === line.severity) ?? 'INFO',
      message: line.message,
      source: logSources[line.source ?? 0] ?? 'UNSPECIFIED',
    }))
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

  async endSession(options: WaitOptions = {}): Promise<boolean> {
    try {
      const method = exporterService.endSession
      const { success } = await this.#calls.unary(method, create(EndSessionRequestSchema), 'EndSession', options)
      return success
    } catch (error) {
      if (error instanceof HardwareError && error.code === 'NOT_IMPLEMENTED') return false
      throw error
    }
  }

  close(reason?: HardwareError): void {
    for (const stream of this.#streams) stream.destroy(reason)
    this.#calls.close(reason)
    this.#client.close()
    this.#wide?.close()
  }

  /** Its own where that is safe: HTTP/2's windows of 64 KiB make an exporter wait for us most of the time. */
  #clientForBytes(): Client {
    if (!this.#mayWiden) return this.#client
    return (this.#wide ??= this.#connect({ 'grpc-node.flow_control_window': wideWindowBytes }))
  }

  async #bidirectional(header: StreamRequestHeader, label: string, options: WaitOptions) {
    this.#calls.requireOpen(label)
    const metadata = this.#metadata.clone()
    metadata.set(streamMetadata.request, JSON.stringify(header))
    const { path, requestSerialize, responseDeserialize } = routerService.stream
    const call = this.#clientForBytes().makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata, {
      interceptors: [eagerWrites],
    })
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
