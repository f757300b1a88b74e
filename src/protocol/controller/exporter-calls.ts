import { create } from '@bufbuild/protobuf'

import { withoutUndefined } from '../../base/without-undefined.ts'
import type { ExporterReport, ExporterStatusName } from '../exporter.ts'
import type { WaitOptions } from '../../base/wait-options.ts'
import { ControllerClient } from './controller-client.ts'
import type { ControllerEndpoint, TunnelEndpoint } from './controller-messages.ts'
import { toReports } from '../driver-reports.ts'
import { ExporterStatus } from '../generated/jumpstarter/v1/common_pb.ts'
import {
  ListenRequestSchema,
  RegisterRequestSchema,
  ReleaseLeaseRequestSchema,
  ReportStatusRequestSchema,
  StatusRequestSchema,
  UnregisterRequestSchema,
} from '../generated/jumpstarter/v1/jumpstarter_pb.ts'
import { controllerService } from '../services.ts'

/** The time limit of one answer, in milliseconds, as in Jumpstarter's exporter. */
const answerTimeoutMs = 30_000

/** The lease of an exporter, as its controller reports it. */
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

  /** Reports the exporter's status. @param releaseLease ends the lease on older controllers */
  async reportStatus(
    status: ExporterStatusName,
    {
      message,
      releaseLease,
    }: { readonly message?: string | undefined; readonly releaseLease?: boolean | undefined } = {},
    options?: WaitOptions,
  ): Promise<void> {
    const request = create(ReportStatusRequestSchema, {
      status: ExporterStatus[status],
      ...withoutUndefined({ message, releaseLease }),
    })
    await this.#client.send(controllerService.reportStatus, request, 'ReportStatus', options)
  }

  async releaseLease(name: string, options?: WaitOptions): Promise<void> {
    const request = create(ReleaseLeaseRequestSchema, { name })
    await this.#client.send(controllerService.releaseLease, request, 'ReleaseLease', options)
  }

  /** Reads the lease of the exporter, now and at every change. For the controller, the exporter is online while this is read. */
  assignments(signal: AbortSignal): AsyncGenerator<ExporterAssignment | undefined, void, void> {
    const request = create(StatusRequestSchema)
    return this.#client.stream(controllerService.status, request, 'Status', signal, (message) => {
      const { leased, leaseName = '', clientName = '' } = message
      return leased && leaseName !== '' ? { lease: leaseName, client: clientName } : undefined
    })
  }

  /** Reads a tunnel for every client that dials the lease. */
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
