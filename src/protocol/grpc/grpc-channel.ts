import type { Duplex } from 'node:stream'

import { create } from '@bufbuild/protobuf'
import { EmptySchema } from '@bufbuild/protobuf/wkt'
import type { ChannelOptions, Client, Metadata } from '@grpc/grpc-js'

import { HardwareError } from '../../errors.ts'
import type { Address } from '../address.ts'
import { type CallName, nameOf } from '../call-error.ts'
import type { CallTarget, Channel, OpenResource, WhenLost } from '../channel.ts'
import { type ExporterState, exporterStatuses, type LogEntry, logSources, severities } from '../exporter.ts'
import type { WaitOptions } from '../../base/wait-options.ts'
import { openClientStream } from './client-stream.ts'
import {
  DriverCallRequestSchema,
  EndSessionRequestSchema,
  GetStatusRequestSchema,
  StreamingDriverCallRequestSchema,
} from '../generated/jumpstarter/v1/jumpstarter_pb.ts'
import { eagerWrites } from './eager-writes.ts'
import type { ConnectionSecurity } from '../endpoint.ts'
import { GrpcCalls } from './grpc-calls.ts'
import { asciiJson, setMetadata } from './metadata.ts'
import { channelCredentials, exporterMetadata } from './grpc-security.ts'
import { openClient, peerOf, type PeerNames } from './open-client.ts'
import { type ContentEncoding, parseResourceHandle, streamMetadata, type StreamRequestHeader } from '../resources.ts'
import { exporterService, largeWindowsKey, routerService } from '../services.ts'
import { decodeValue, encodeValue } from '../values.ts'

/**
 * gRPC's own limit is 4 MiB. A log or an answer above that is unusual, but no reason to fail.
 * There is no keepalive, because Python's exporter takes pings on this connection for abuse.
 */
const channelOptions = {
  'grpc.max_receive_message_length': 32 * 1024 * 1024,
  'grpc.enable_retries': 0,
}

/** The bytes that an exporter with small windows may send before the client has read them. */
const wideWindowBytes = 1024 * 1024

/** A {@link Channel} over gRPC. It connects on its first call. */
export class GrpcChannel implements Channel {
  readonly address: string
  readonly details: Channel['details']
  readonly proxy: string | undefined
  readonly #client: Client
  readonly #calls: GrpcCalls
  readonly #metadata: Metadata
  readonly #streams = new Set<Duplex>()
  readonly #connect: (options: ChannelOptions) => Client
  /** A second connection, for bytes, with larger windows. */
  #wide: Client | undefined
  #mayWiden = false

  /**
   * @param whenLost finds out why the connection was lost
   * @throws HardwareError ARGUMENT_INVALID for a wrong certificate or passphrase
   */
  constructor(
    address: Address,
    { whenLost, ...options }: ConnectionSecurity & PeerNames & { readonly whenLost?: WhenLost | undefined } = {},
  ) {
    const peer = peerOf(address, options)
    this.address = peer.address
    this.details = peer.details
    this.proxy = peer.proxy
    this.#metadata = exporterMetadata(options)
    const credentials = channelCredentials(address, options)
    this.#connect = (more) => openClient(address, credentials, { ...channelOptions, ...more })
    this.#client = this.#connect({})
    this.#calls = new GrpcCalls(this.#client, this, this.#metadata, whenLost)
  }

  async report({ label = 'GetReport', ...options }: WaitOptions & { readonly label?: string | undefined } = {}) {
    const method = exporterService.getReport
    const report = await this.#calls.unary(method, create(EmptySchema), { label }, options, (metadata) => {
      this.#mayWiden = metadata.get(largeWindowsKey).length === 0
    })
    const drivers = report.reports.map((driver) => ({
      uuid: driver.uuid,
      parentUuid: driver.parentUuid === '' ? undefined : driver.parentUuid,
      labels: driver.labels,
      description: driver.description,
      methodsDescription: driver.methodsDescription,
    }))
    return { uuid: report.uuid, labels: report.labels, drivers, motd: report.motd }
  }

  async call(target: CallTarget, args: readonly unknown[], options: WaitOptions = {}): Promise<unknown> {
    const request = create(DriverCallRequestSchema, callFields(target, args))
    const response = await this.#calls.unary(exporterService.driverCall, request, nameOf(target), options)
    return decodeValue(response.result)
  }

  streamingCall(
    target: CallTarget,
    args: readonly unknown[],
    options: WaitOptions = {},
  ): AsyncGenerator<unknown, void, void> {
    const request = create(StreamingDriverCallRequestSchema, callFields(target, args))
    const method = exporterService.streamingDriverCall
    return this.#calls.serverStream(method, request, nameOf(target), options, ({ result }) => decodeValue(result))
  }

  async openStream(target: CallTarget, options: WaitOptions = {}) {
    const { uuid, method } = target
    const { stream } = await this.#bidirectional({ kind: 'driver', uuid, method }, nameOf(target), options)
    return stream
  }

  async openResource(
    uuid: string,
    encoding: ContentEncoding | null,
    { label = 'resource', ...options }: WaitOptions & { readonly label?: string | undefined } = {},
  ): Promise<OpenResource> {
    const header = { kind: 'resource', uuid, x_jmp_content_encoding: encoding } as const
    const { stream, metadata } = await this.#bidirectional(header, { label }, options)
    try {
      return { stream, handle: parseResourceHandle(metadata.get(streamMetadata.resource)[0]?.toString()) }
    } catch (cause) {
      stream.destroy()
      throw new HardwareError('PROTOCOL_VIOLATION', `${this.address} opened a resource without a valid handle`, {
        cause,
        details: this.details,
      })
    }
  }

  logs(options: WaitOptions = {}): AsyncGenerator<LogEntry, void, void> {
    const request = create(EmptySchema)
    return this.#calls.serverStream(exporterService.logStream, request, { label: 'LogStream' }, options, (line) => ({
      severity: severities.find((known) => known === line.severity) ?? 'INFO',
      message: line.message,
      source: logSources[line.source ?? 0] ?? 'UNSPECIFIED',
      number: /^[1-9]\d{0,14}$/.test(line.uuid) ? Number(line.uuid) : undefined,
    }))
  }

  async state(options: WaitOptions = {}): Promise<ExporterState | undefined> {
    try {
      const response = await this.#calls.unary(
        exporterService.getStatus,
        create(GetStatusRequestSchema),
        { label: 'GetStatus' },
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
      const { success } = await this.#calls.unary(
        method,
        create(EndSessionRequestSchema),
        { label: 'EndSession' },
        options,
      )
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

  /** The connection for bytes: the second one if that is safe. HTTP/2's windows of 64 KiB make an exporter wait most of the time. */
  #clientForBytes(): Client {
    if (!this.#mayWiden) return this.#client
    return (this.#wide ??= this.#connect({ 'grpc-node.flow_control_window': wideWindowBytes }))
  }

  async #bidirectional(header: StreamRequestHeader, name: CallName, options: WaitOptions) {
    this.#calls.requireOpen(name)
    const metadata = this.#metadata.clone()
    setMetadata(metadata, streamMetadata.request, asciiJson(header))
    const { path, requestSerialize, responseDeserialize } = routerService.stream
    const call = this.#clientForBytes().makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata, {
      interceptors: [eagerWrites],
    })
    const opened = await openClientStream(call, name, options, this, (failure) =>
      this.#calls.toError(failure, name, options),
    )
    this.#streams.add(opened.stream)
    opened.stream.once('close', () => this.#streams.delete(opened.stream))
    return opened
  }
}

function callFields({ uuid, method }: CallTarget, args: readonly unknown[]) {
  return { uuid, method, args: args.map((arg, index) => encodeValue(arg, `argument ${index + 1} of ${method}`)) }
}
