import { create } from '@bufbuild/protobuf'

import type { ExporterReport, ExporterStatusName, WaitOptions } from './channel.ts'
import { ControllerClient } from './controller-client.ts'
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
  readonly #client: ControllerClient

  constructor(endpoint: ControllerEndpoint) {
    this.#client = new ControllerClient(endpoint, 'Exporter', answerTimeoutMs)
  }

  async register({ labels, drivers }: Pick<ExporterReport, 'labels' | 'drivers'>, options?: WaitOptions) {
    const request = create(RegisterRequestSchema, { labels: { ...labels }, reports: toReports(drivers) })
    await this.#client.send(controllerService.register, request, 'Register', options)
  }

  async unregister(reason: string, options?: WaitOptions): Promise<void> {
    await this.#client.send(
      controllerService.unregister,
      create(UnregisterRequestSchema, { reason }),
      'Unregister',
      options,
    )
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
    await this.#client.send(controllerService.reportStatus, request, 'ReportStatus', options)
  }

  async releaseLease(name: string, options?: WaitOptions): Promise<void> {
    const request = create(ReleaseLeaseRequestSchema, { name })
    await this.#client.send(controllerService.releaseLease, request, 'ReleaseLease', options)
  }

  /** Whose it is, now and whenever that changes. As long as this is read the controller knows that the exporter is there. */
  assignments(signal: AbortSignal): AsyncGenerator<ExporterAssignment | undefined, void, void> {
    const request = create(StatusRequestSchema)
    return this.#client.stream(controllerService.status, request, 'Status', signal, (message) => {
      const { leased, leaseName = '', clientName = '' } = message
      return leased && leaseName !== '' ? { lease: leaseName, client: clientName } : undefined
    })
  }

  /** A tunnel for every client that dials the lease. */
  tunnels(leaseName: string, signal: AbortSignal): AsyncGenerator<TunnelEndpoint, void, void> {
    const request = create(ListenRequestSchema, { leaseName })
    return this.#client.stream(controllerService.listen, request, 'Listen', signal, (message) => ({
      endpoint: message.routerEndpoint,
      token: message.routerToken,
    }))
  }

  close(): void {
    this.#client.close()
  }
}
