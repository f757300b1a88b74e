import { create, type MessageInitShape } from '@bufbuild/protobuf'

import { HardwareError } from '../errors.ts'
import type { WaitOptions } from './channel.ts'
import { ControllerClient } from './controller-client.ts'
import {
  type ControllerEndpoint,
  type ControllerExporter,
  type ControllerLeaseState,
  type LeaseWishes,
  readExporter,
  readLease,
  type TunnelEndpoint,
} from './controller-messages.ts'
import {
  CreateLeaseRequestSchema,
  DeleteLeaseRequestSchema,
  GetExporterRequestSchema,
  GetLeaseRequestSchema,
  LeaseSchema,
  ListExportersRequestSchema,
  ListLeasesRequestSchema,
  UpdateLeaseRequestSchema,
} from './generated/jumpstarter/client/v1/client_pb.ts'
import { DialRequestSchema } from './generated/jumpstarter/v1/jumpstarter_pb.ts'
import { clientService, controllerService } from './services.ts'

/** How long one answer may take, in milliseconds; Dial is held by the controller for up to 30 s. */
const answerTimeoutMs = 35_000
/** How many are listed at a time. */
const pageSize = 100

/** The calls of a client to Jumpstarter's controller. They throw HardwareErrors of origin `lab` or `wire`. */
export class ControllerCalls {
  /** Who calls. */
  readonly name: string
  readonly #client: ControllerClient
  readonly #parent: string

  /** @throws HardwareError ARGUMENT_INVALID for a certificate that is none */
  constructor(endpoint: ControllerEndpoint) {
    this.#parent = `namespaces/${endpoint.namespace}`
    this.name = endpoint.name
    this.#client = new ControllerClient(endpoint, 'Client', answerTimeoutMs)
  }

  async createLease({ selector, exporter, durationMs, tags = {} }: LeaseWishes, options?: WaitOptions) {
    const lease = {
      selector,
      duration: toDuration(durationMs),
      tags: { ...tags },
      ...(exporter === undefined ? {} : { exporterName: exporter }),
    }
    const request = create(CreateLeaseRequestSchema, { parent: this.#parent, lease })
    return readLease(await this.#client.send(clientService.createLease, request, 'CreateLease', options))
  }

  async lease(name: string, options?: WaitOptions): Promise<ControllerLeaseState> {
    const request = create(GetLeaseRequestSchema, { name: this.#full('leases', name) })
    return readLease(await this.#client.send(clientService.getLease, request, 'GetLease', options))
  }

  /** Changes how long a lease lasts, from its beginning, or whose it is. */
  async updateLease(
    name: string,
    { durationMs, client }: { readonly durationMs?: number; readonly client?: string },
    options?: WaitOptions,
  ): Promise<ControllerLeaseState> {
    const lease: MessageInitShape<typeof LeaseSchema> = {
      name: this.#full('leases', name),
      ...(durationMs === undefined ? {} : { duration: toDuration(durationMs) }),
      ...(client === undefined ? {} : { client: this.#full('clients', client) }),
    }
    const paths = [...(durationMs === undefined ? [] : ['duration']), ...(client === undefined ? [] : ['client'])]
    const request = create(UpdateLeaseRequestSchema, { lease, updateMask: { paths } })
    return readLease(await this.#client.send(clientService.updateLease, request, 'UpdateLease', options))
  }

  /** Ends a lease; one that has ended already is no error. */
  async deleteLease(name: string, options?: WaitOptions): Promise<void> {
    const request = create(DeleteLeaseRequestSchema, { name: this.#full('leases', name) })
    try {
      await this.#client.send(clientService.deleteLease, request, 'DeleteLease', options)
    } catch (error) {
      if (!(error instanceof HardwareError) || !error.message.includes('already been released')) throw error
    }
  }

  async exporter(name: string, options?: WaitOptions): Promise<ControllerExporter> {
    const request = create(GetExporterRequestSchema, { name: this.#full('exporters', name) })
    return readExporter(await this.#client.send(clientService.getExporter, request, 'GetExporter', options))
  }

  /** @param selector of the exporters' labels */
  async exporters(selector = '', options?: WaitOptions): Promise<readonly ControllerExporter[]> {
    return this.#all(async (pageToken) => {
      const request = create(ListExportersRequestSchema, {
        parent: this.#parent,
        filter: selector,
        pageSize,
        pageToken,
      })
      const page = await this.#client.send(clientService.listExporters, request, 'ListExporters', options)
      return { items: page.exporters.map(readExporter), next: page.nextPageToken }
    })
  }

  /** The leases of everybody in the namespace. */
  async leases({ all = false, selector = '' } = {}, options?: WaitOptions): Promise<readonly ControllerLeaseState[]> {
    return this.#all(async (pageToken) => {
      const fields = { parent: this.#parent, filter: selector, onlyActive: !all, pageSize, pageToken }
      const request = create(ListLeasesRequestSchema, fields)
      const page = await this.#client.send(clientService.listLeases, request, 'ListLeases', options)
      return { items: page.leases.map(readLease), next: page.nextPageToken }
    })
  }

  /** Asks for a tunnel to the exporter of a lease. */
  async dial(leaseName: string, options?: WaitOptions): Promise<TunnelEndpoint> {
    const request = create(DialRequestSchema, { leaseName })
    const { routerEndpoint, routerToken } = await this.#client.send(controllerService.dial, request, 'Dial', options)
    return { endpoint: routerEndpoint, token: routerToken }
  }

  close(): void {
    this.#client.close()
  }

  async #all<T>(page: (token: string) => Promise<{ readonly items: readonly T[]; readonly next: string }>) {
    const all: T[] = []
    let token = ''
    do {
      const { items, next } = await page(token)
      all.push(...items)
      token = next
    } while (token !== '')
    return all
  }

  #full(kind: string, name: string): string {
    return `${this.#parent}/${kind}/${name}`
  }
}

function toDuration(ms: number) {
  return { seconds: BigInt(Math.floor(ms / 1000)), nanos: Math.round(ms % 1000) * 1_000_000 }
}
