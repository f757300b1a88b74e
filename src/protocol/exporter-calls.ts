import { create } from '@bufbuild/protobuf'
import type { Client, MethodDefinition } from '@grpc/grpc-js'

import { HardwareError } from '../errors.ts'
import type { ExporterReport, ExporterStatusName, WaitOptions } from './channel.ts'
import { createControllerClient } from './controller-client.ts'
import { controllerError } from './controller-error.ts'
import type { ControllerEndpoint, TunnelEndpoint } from './controller-messages.ts'
import { toReports } from './driver-reports.ts'
import { ExporterStatus } from './generated/jumpstarter/v1/common_pb.ts'
import {
  ListenRequestSchema,
  RegisterRequestSchema,
  ReleaseLeaseRequestSchema,
  ReportStatusRequestSchema,
  StatusRequestSchema,
  UnregisterRequestSchema,
} from './generated/jumpstarter/v1/jumpstarter_pb.ts'
import type { GrpcCalls } from './grpc-calls.ts'
import { controllerService } from './services.ts'

/** How long one answer may take, in milliseconds (reference: Jumpstarter's exporter). */
const answerTimeoutMs = 30_000

/** Whose an exporter is, as its controller says. */
export interface ExporterAssignment {
  readonly lease: string
  readonly client: string
}

/** The calls of an exporter to Jumpstarter's controller. */
export class ExporterCalls {
  readonly #client: Client
  readonly #calls: GrpcCalls

  constructor(endpoint: ControllerEndpoint) {
    const { client, calls } = createControllerClient(endpoint, 'Exporter')
    this.#client = client
    this.#calls = calls
  }

  async register({ labels, drivers }: Pick<ExporterReport, 'labels' | 'drivers'>, options?: WaitOptions) {
    const request = create(RegisterRequestSchema, { labels: { ...labels }, reports: toReports(drivers) })
    await this.#send(controllerService.register, request, 'Register', options)
  }

  async unregister(reason: string, options?: WaitOptions): Promise<void> {
    await this.#send(controllerService.unregister, create(UnregisterRequestSchema, { reason }), 'Unregister', options)
  }

  /** @param releaseLease how older controllers are told that the lease is over */
  async reportStatus(
    status: ExporterStatusName,
    { message, releaseLease }: { readonly message?: string | undefined; readonly releaseLease?: boolean } = {},
    options?: WaitOptions,
  ): Promise<void> {
    const request = create(ReportStatusRequestSchema, {
      status: ExporterStatus[status],
      ...(message === undefined ? {} : { message }),
      ...(releaseLease === undefined ? {} : { releaseLease }),
    })
    await this.#send(controllerService.reportStatus, request, 'ReportStatus', options)
  }

  async releaseLease(name: string, options?: WaitOptions): Promise<void> {
    const request = create(ReleaseLeaseRequestSchema, { name })
    await this.#send(controllerService.releaseLease, request, 'ReleaseLease', options)
  }

  /** Whose it is, now and whenever that changes. As long as this is read the controller knows that the exporter is there. */
  async *assignments(signal: AbortSignal): AsyncGenerator<ExporterAssignment | undefined, void, void> {
    const request = create(StatusRequestSchema)
    const messages = this.#calls.serverStream(controllerService.status, request, 'Status', { signal }, (message) => {
      const { leased, leaseName = '', clientName = '' } = message
      return leased && leaseName !== '' ? { lease: leaseName, client: clientName } : undefined
    })
    yield* explained(messages)
  }

  /** A tunnel for every client that dials the lease. */
  async *tunnels(leaseName: string, signal: AbortSignal): AsyncGenerator<TunnelEndpoint, void, void> {
    const request = create(ListenRequestSchema, { leaseName })
    const messages = this.#calls.serverStream(controllerService.listen, request, 'Listen', { signal }, (message) => ({
      endpoint: message.routerEndpoint,
      token: message.routerToken,
    }))
    yield* explained(messages)
  }

  close(): void {
    this.#calls.close()
    this.#client.close()
  }

  async #send<Request, Response>(
    method: MethodDefinition<Request, Response>,
    request: Request,
    label: string,
    options: WaitOptions = {},
  ): Promise<Response> {
    try {
      return await this.#calls.unary(method, request, label, { timeoutMs: answerTimeoutMs, ...options })
    } catch (error) {
      throw controllerError(error)
    }
  }
}

/** Whether it may go better in a while: the controller, or the way to it, is not there. */
export function isTransient(error: unknown): boolean {
  return error instanceof HardwareError && (error.code.startsWith('CONNECTION_') || error.timedOut)
}

async function* explained<T>(messages: AsyncGenerator<T, void, void>): AsyncGenerator<T, void, void> {
  try {
    yield* messages
  } catch (error) {
    throw controllerError(error)
  }
}
