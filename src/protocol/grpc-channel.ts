import type { Duplex } from 'node:stream'

import { create } from '@bufbuild/protobuf'
import { EmptySchema } from '@bufbuild/protobuf/wkt'
import { type CallOptions, Client, credentials, type MethodDefinition, Metadata, status as Status } from '@grpc/grpc-js'

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
import { type ContentEncoding, parseResourceHandle, streamMetadata, type StreamRequestHeader } from './resources.ts'
import { exporterService, routerService } from './services.ts'
import { fromStatus, type StatusLike } from './status.ts'
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
  readonly #streams = new Set<Duplex>()

  constructor(address: Address) {
    this.address = address.kind === 'unix' ? address.path : `${address.host}:${address.port}`
    this.#client = new Client(grpcTarget(address), credentials.createInsecure(), channelOptions)
  }

  async report(options: WaitOptions = {}): Promise<ExporterReport> {
    const report = await this.#unary(exporterService.getReport, create(EmptySchema), 'GetReport', options)
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
    const response = await this.#unary(exporterService.driverCall, request, labelOf(target), options)
    return decodeValue(response.result)
  }

  async *streamingCall(
    target: CallTarget,
    args: readonly unknown[],
    options: WaitOptions = {},
  ): AsyncGenerator<unknown, void, void> {
    const request = create(StreamingDriverCallRequestSchema, callFields(target, args))
    const responses = this.#serverStream(exporterService.streamingDriverCall, request, labelOf(target), options)
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
    for await (const line of this.#serverStream(exporterService.logStream, create(EmptySchema), 'LogStream', options)) {
      yield {
        severity: severities.find((known) => known === line.severity) ?? 'INFO',
        message: line.message,
        source: logSources[line.source ?? 0] ?? 'UNSPECIFIED',
      }
    }
  }

  async state(options: WaitOptions = {}): Promise<ExporterState | undefined> {
    try {
      const response = await this.#unary(
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
    this.#client.close()
  }

  async #unary<Request, Response>(
    method: MethodDefinition<Request, Response>,
    message: Request,
    label: string,
    options: WaitOptions,
  ): Promise<Response> {
    try {
      return await this.#send(method, message, options)
    } catch (failure) {
      // Made here and not where it arrives, so that its stack leads to whoever awaits the call.
      throw this.#failure(failure, label, options)
    }
  }

  #send<Request, Response>(
    { path, requestSerialize, responseDeserialize }: MethodDefinition<Request, Response>,
    message: Request,
    { signal, timeoutMs }: WaitOptions,
  ): Promise<Response> {
    return new Promise((resolve, reject) => {
      const cancel = () => call.cancel()
      const call = this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        message,
        new Metadata(),
        deadlineOf(timeoutMs),
        (failure, response) => {
          signal?.removeEventListener('abort', cancel)
          if (failure !== null) reject(failure)
          else resolve(response as Response)
        },
      )
      if (signal?.aborted === true) cancel()
      else signal?.addEventListener('abort', cancel, { once: true })
    })
  }

  async *#serverStream<Request, Response>(
    method: MethodDefinition<Request, Response>,
    message: Request,
    label: string,
    { signal, timeoutMs }: WaitOptions,
  ): AsyncGenerator<Response, void, void> {
    const { path, requestSerialize, responseDeserialize } = method
    const call = this.#client.makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      message,
      deadlineOf(timeoutMs),
    )
    const cancel = () => call.cancel()
    if (signal?.aborted === true) cancel()
    signal?.addEventListener('abort', cancel, { once: true })
    // Once the loop is left nobody else listens, and the status of the cancelled call is an error event.
    call.on('error', () => undefined)
    try {
      for await (const response of call) yield response as Response
    } catch (failure) {
      throw this.#failure(failure, label, { signal, timeoutMs })
    } finally {
      signal?.removeEventListener('abort', cancel)
      call.cancel()
    }
  }

  async #bidirectional(header: StreamRequestHeader, label: string, options: WaitOptions) {
    const metadata = new Metadata()
    metadata.set(streamMetadata.request, JSON.stringify(header))
    const { path, requestSerialize, responseDeserialize } = routerService.stream
    const call = this.#client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata)
    const opened = await openClientStream(call, label, options)
    this.#streams.add(opened.stream)
    opened.stream.once('close', () => this.#streams.delete(opened.stream))
    return opened
  }

  #failure(failure: unknown, label: string, { signal, timeoutMs }: WaitOptions): unknown {
    if (!isStatus(failure)) return failure
    const { code, details } = failure
    if (code === Status.UNAVAILABLE && details.startsWith('No connection established')) {
      const message = `Cannot connect to ${this.address}: ${reasonOf(details)}`
      return new HardwareError('CONNECTION_FAILED', message, { cause: failure })
    }
    if (code === Status.DEADLINE_EXCEEDED && details.startsWith('Deadline exceeded')) {
      return new HardwareError('CALL_TIMEOUT', `${label}: no answer within ${timeoutMs} ms from ${this.address}`)
    }
    return fromStatus(failure, label, signal)
  }
}

function labelOf(target: CallTarget): string {
  return target.label ?? target.method
}

function callFields({ uuid, method }: CallTarget, args: readonly unknown[]) {
  return { uuid, method, args: args.map((arg, index) => encodeValue(arg, `argument ${index + 1} of ${method}`)) }
}

function deadlineOf(timeoutMs: number | undefined): CallOptions {
  return timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs }
}

function isStatus(failure: unknown): failure is StatusLike {
  return failure instanceof Error && 'code' in failure && 'details' in failure
}

/** `No connection established. Last error: Error: connect ENOENT /x. …` → `connect ENOENT /x` */
function reasonOf(details: string): string {
  return (
    /Last error: (?:Error: )?(?<reason>.*?)(?:\. Resolution note: .*)?$/s.exec(details)?.groups?.['reason'] ?? details
  )
}
