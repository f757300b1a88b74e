import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { timestampFromDate } from '@bufbuild/protobuf/wkt'

import { HardwareError } from '../../errors.ts'
import { withoutUndefined } from '../../base/without-undefined.ts'
import type { WaitOptions } from '../../base/wait-options.ts'
import { ControllerClient } from './controller-client.ts'
import { isAlreadyReleased } from './controller-error.ts'
import {
  type ControllerEndpoint,
  type RegisteredExporter,
  type LeaseStatus,
  type LeaseSpec,
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
} from '../generated/jumpstarter/client/v1/client_pb.ts'
import { DialRequestSchema } from '../generated/jumpstarter/v1/jumpstarter_pb.ts'
import { LegacyLeaseCalls } from './legacy-lease-calls.ts'
import { clientService, controllerService } from '../services.ts'

/** The time limit of one answer, in milliseconds. The controller holds Dial for up to 30 s. */
const answerTimeoutMs = 35_000
/** The number of entries in one page of a list. */
const pageSize = 100

/** The changes of {@link ControllerCalls.updateLease}. */
export interface LeaseChanges {
  readonly durationMs?: number | undefined
  readonly begin?: Date | undefined
  /** The client that gets the lease. */
  readonly client?: string | undefined
}

/**
 * The calls of a client to Jumpstarter's controller, by `jumpstarter.client.v1`, or by the older service if the controller does
 * not know that one. They throw HardwareErrors of origin `lab` or `wire`.
 */
export class ControllerCalls {
  /** The name of the client. */
  readonly name: string
  readonly #client: ControllerClient
  readonly #parent: string
  /** The calls of the older service, after the controller has refused the newer one. */
  #legacy: LegacyLeaseCalls | undefined

  /** @throws HardwareError ARGUMENT_INVALID for a wrong certificate */
  constructor(endpoint: ControllerEndpoint) {
    this.#parent = `namespaces/${endpoint.namespace}`
    this.name = endpoint.name
    this.#client = new ControllerClient(endpoint, 'Client', answerTimeoutMs)
  }

  /** Asks for a lease. @param spec.name the name of the lease, if the controller lets its clients choose it */
  async createLease(spec: LeaseSpec, options?: WaitOptions): Promise<LeaseStatus> {
    const { name = '', selector, exporter, durationMs, begin, tags = {}, context = {} } = spec
    const request = () => {
      const lease = {
        selector,
        duration: toDuration(durationMs),
        tags: { ...tags },
        context: { ...context },
        ...withoutUndefined({ exporterName: exporter, beginTime: begin && timestampFromDate(begin) }),
      }
      return create(CreateLeaseRequestSchema, { parent: this.#parent, leaseId: name, lease })
    }
    return this.#newerOrLegacy(
      async () => readLease(await this.#client.send(clientService.createLease, request(), 'CreateLease', options)),
      (legacy) => legacy.createLease(spec, options),
    )
  }

  async lease(name: string, options?: WaitOptions): Promise<LeaseStatus> {
    const request = create(GetLeaseRequestSchema, { name: this.#full('leases', name) })
    return this.#newerOrLegacy(
      async () => readLease(await this.#client.send(clientService.getLease, request, 'GetLease', options)),
      (legacy) => legacy.lease(name, options),
    )
  }

  /**
   * Changes the begin of a lease, its duration from then on, or its client.
   *
   * @throws HardwareError NOT_IMPLEMENTED if the controller is too old
   */
  async updateLease(
    name: string,
    { durationMs, begin, client }: LeaseChanges,
    options?: WaitOptions,
  ): Promise<LeaseStatus> {
    const lease: MessageInitShape<typeof LeaseSchema> = {
      name: this.#full('leases', name),
      ...withoutUndefined({
        duration: durationMs === undefined ? undefined : toDuration(durationMs),
        beginTime: begin && timestampFromDate(begin),
        client: client === undefined ? undefined : this.#full('clients', client),
      }),
    }
    const changed = { duration: durationMs, begin_time: begin, client }
    const paths = Object.entries(changed).flatMap(([path, value]) => (value === undefined ? [] : [path]))
    const request = create(UpdateLeaseRequestSchema, { lease, updateMask: { paths } })
    return readLease(await this.#client.send(clientService.updateLease, request, 'UpdateLease', options))
  }

  /** Ends a lease. A lease that has ended already is no error. */
  async deleteLease(name: string, options?: WaitOptions): Promise<void> {
    const request = create(DeleteLeaseRequestSchema, { name: this.#full('leases', name) })
    try {
      await this.#newerOrLegacy(
        async () => {
          await this.#client.send(clientService.deleteLease, request, 'DeleteLease', options)
        },
        (legacy) => legacy.deleteLease(name, options),
      )
    } catch (error) {
      if (!isAlreadyReleased(error)) throw error
    }
  }

  async exporter(name: string, options?: WaitOptions): Promise<RegisteredExporter> {
    const request = create(GetExporterRequestSchema, { name: this.#full('exporters', name) })
    return this.#newerOrLegacy(
      async () => readExporter(await this.#client.send(clientService.getExporter, request, 'GetExporter', options)),
      // The older service has no facts about exporters.
      async () => ({ name, labels: {}, online: true, status: 'UNSPECIFIED', statusMessage: '' }),
    )
  }

  /** Lists the exporters. @param selector of their labels */
  async exporters(selector = '', options?: WaitOptions): Promise<readonly RegisteredExporter[]> {
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

  /** Lists the leases of all clients in the namespace; an older controller lists only those of this client. */
  async leases({ all = false, selector = '' } = {}, options?: WaitOptions): Promise<readonly LeaseStatus[]> {
    return this.#newerOrLegacy(
      () => this.#newerLeases(all, selector, options),
      (legacy) => legacy.leases(options),
    )
  }

  #newerLeases(all: boolean, selector: string, options?: WaitOptions): Promise<readonly LeaseStatus[]> {
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

  async #newerOrLegacy<T>(newer: () => Promise<T>, legacy: (calls: LegacyLeaseCalls) => Promise<T>): Promise<T> {
    if (this.#legacy === undefined) {
      try {
        return await newer()
      } catch (error) {
        if (!(error instanceof HardwareError) || error.code !== 'NOT_IMPLEMENTED') throw error
        this.#legacy = new LegacyLeaseCalls(this.#client, this.name)
      }
    }
    return legacy(this.#legacy)
  }
}
