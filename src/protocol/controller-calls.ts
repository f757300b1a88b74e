import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { timestampFromDate } from '@bufbuild/protobuf/wkt'

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
  toDuration,
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
import { OlderLeaseCalls } from './older-lease-calls.ts'
import { clientService, controllerService } from './services.ts'

/** How long one answer may take, in milliseconds; Dial is held by the controller for up to 30 s. */
const answerTimeoutMs = 35_000
/** How many are listed at a time. */
const pageSize = 100

/** What {@link ControllerCalls.updateLease} changes. */
export interface LeaseChanges {
  readonly durationMs?: number
  readonly begin?: Date
  /** Whom it is given to. */
  readonly client?: string
}

/**
 * The calls of a client to Jumpstarter's controller, by `jumpstarter.client.v1`, or the older ones where it does not know
 * that. They throw HardwareErrors of origin `lab` or `wire`.
 */
export class ControllerCalls {
  /** Who calls. */
  readonly name: string
  readonly #client: ControllerClient
  readonly #parent: string
  /** Once it is known that the controller knows nothing else. */
  #older: OlderLeaseCalls | undefined

  /** @throws HardwareError ARGUMENT_INVALID for a certificate that is none */
  constructor(endpoint: ControllerEndpoint) {
    this.#parent = `namespaces/${endpoint.namespace}`
    this.name = endpoint.name
    this.#client = new ControllerClient(endpoint, 'Client', answerTimeoutMs)
  }

  /** @param wishes.name how it is to be called, where the controller lets its clients choose */
  async createLease(wishes: LeaseWishes, options?: WaitOptions): Promise<ControllerLeaseState> {
    const { name = '', selector, exporter, durationMs, begin, tags = {}, context = {} } = wishes
    const request = () => {
      const lease = {
        selector,
        duration: toDuration(durationMs),
        tags: { ...tags },
        context: { ...context },
        ...(exporter === undefined ? {} : { exporterName: exporter }),
        ...(begin === undefined ? {} : { beginTime: timestampFromDate(begin) }),
      }
      return create(CreateLeaseRequestSchema, { parent: this.#parent, leaseId: name, lease })
    }
    return this.#newerOrOlder(
      async () => readLease(await this.#client.send(clientService.createLease, request(), 'CreateLease', options)),
      (older) => older.createLease(wishes, options),
    )
  }

  async lease(name: string, options?: WaitOptions): Promise<ControllerLeaseState> {
    const request = create(GetLeaseRequestSchema, { name: this.#full('leases', name) })
    return this.#newerOrOlder(
      async () => readLease(await this.#client.send(clientService.getLease, request, 'GetLease', options)),
      (older) => older.lease(name, options),
    )
  }

  /**
   * Changes when a lease begins, how long it lasts from then on, or whose it is.
   *
   * @throws HardwareError NOT_IMPLEMENTED by a controller that is too old for it
   */
  async updateLease(
    name: string,
    { durationMs, begin, client }: LeaseChanges,
    options?: WaitOptions,
  ): Promise<ControllerLeaseState> {
    const lease: MessageInitShape<typeof LeaseSchema> = {
      name: this.#full('leases', name),
      ...(durationMs === undefined ? {} : { duration: toDuration(durationMs) }),
      ...(begin === undefined ? {} : { beginTime: timestampFromDate(begin) }),
      ...(client === undefined ? {} : { client: this.#full('clients', client) }),
    }
    const changed = { duration: durationMs, begin_time: begin, client }
    const paths = Object.entries(changed).flatMap(([path, value]) => (value === undefined ? [] : [path]))
    const request = create(UpdateLeaseRequestSchema, { lease, updateMask: { paths } })
    return readLease(await this.#client.send(clientService.updateLease, request, 'UpdateLease', options))
  }

  /** Ends a lease; one that has ended already is no error. */
  async deleteLease(name: string, options?: WaitOptions): Promise<void> {
    const request = create(DeleteLeaseRequestSchema, { name: this.#full('leases', name) })
    try {
      await this.#newerOrOlder(
        async () => {
          await this.#client.send(clientService.deleteLease, request, 'DeleteLease', options)
        },
        (older) => older.deleteLease(name, options),
      )
    } catch (error) {
      if (!(error instanceof HardwareError) || !error.message.includes('already been released')) throw error
    }
  }

  async exporter(name: string, options?: WaitOptions): Promise<ControllerExporter> {
    const request = create(GetExporterRequestSchema, { name: this.#full('exporters', name) })
    return this.#newerOrOlder(
      async () => readExporter(await this.#client.send(clientService.getExporter, request, 'GetExporter', options)),
      // Nothing more is known of it.
      async () => ({ name, labels: {}, online: true, status: 'UNSPECIFIED', statusMessage: '' }),
    )
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

  /** The leases of everybody in the namespace; of an older controller, the own ones. */
  async leases({ all = false, selector = '' } = {}, options?: WaitOptions): Promise<readonly ControllerLeaseState[]> {
    return this.#newerOrOlder(
      () => this.#newerLeases(all, selector, options),
      (older) => older.leases(options),
    )
  }

  #newerLeases(all: boolean, selector: string, options?: WaitOptions): Promise<readonly ControllerLeaseState[]> {
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

  async #newerOrOlder<T>(newer: () => Promise<T>, older: (calls: OlderLeaseCalls) => Promise<T>): Promise<T> {
    if (this.#older === undefined) {
      try {
        return await newer()
      } catch (error) {
        if (!(error instanceof HardwareError) || error.code !== 'NOT_IMPLEMENTED') throw error
        this.#older = new OlderLeaseCalls(this.#client, this.name)
      }
    }
    return older(this.#older)
  }
}
