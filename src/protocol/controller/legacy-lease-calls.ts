import { create } from '@bufbuild/protobuf'
import { timestampDate } from '@bufbuild/protobuf/wkt'

import { HardwareError } from '../../errors.ts'
import { formatRequirement, parseSelector, type Requirement } from '../../base/selector.ts'
import type { WaitOptions } from '../../base/wait-options.ts'
import type { ControllerClient } from './controller-client.ts'
import { type LeaseStatus, fromDuration, type LeaseSpec, readConditions, toDuration } from './controller-messages.ts'
import {
  GetLeaseRequestSchema,
  ListLeasesRequestSchema,
  ReleaseLeaseRequestSchema,
  RequestLeaseRequestSchema,
} from '../generated/jumpstarter/v1/jumpstarter_pb.ts'
import type { LabelSelector } from '../generated/jumpstarter/v1/kubernetes_pb.ts'
import { controllerService } from '../services.ts'

/**
 * The leases of controllers that do not know `jumpstarter.client.v1`, but only `ControllerService`. Such leases can be neither
 * extended nor transferred, and have no tags. Their exporters have only identifiers.
 */
export class LegacyLeaseCalls {
  readonly #client: ControllerClient
  readonly #self: string

  /** @param self the name of the client, which has all leases that it sees */
  constructor(client: ControllerClient, self: string) {
    this.#client = client
    this.#self = self
  }

  async createLease(spec: LeaseSpec, options?: WaitOptions): Promise<LeaseStatus> {
    const { selector, exporter, durationMs, maxDurationMs = durationMs } = spec
    if (exporter !== undefined) {
      const message = `This controller is too old to lease exporter ${exporter} by its name; give a selector of labels`
      throw new HardwareError('CONTROLLER_REFUSED', message)
    }
    const fields = { duration: toDuration(maxDurationMs), selector: toLabelSelector(selector) }
    const request = create(RequestLeaseRequestSchema, fields)
    const { name } = await this.#client.send(controllerService.requestLease, request, 'RequestLease', options)
    return this.lease(name, options)
  }

  async lease(name: string, options?: WaitOptions): Promise<LeaseStatus> {
    const request = create(GetLeaseRequestSchema, { name })
    const lease = await this.#client.send(controllerService.getLease, request, 'GetLease', options)
    return {
      name,
      selector: lease.selector === undefined ? '' : showSelector(lease.selector),
      client: this.#self,
      exporter: lease.exporterUuid || undefined,
      durationMs: fromDuration(lease.duration),
      begin: lease.beginTime === undefined ? undefined : timestampDate(lease.beginTime),
      end: lease.endTime === undefined ? undefined : timestampDate(lease.endTime),
      conditions: readConditions(lease.conditions),
      tags: {},
      isExtendable: false,
    }
  }

  /** Lists the leases of this client that have not ended. */
  async leases(options?: WaitOptions): Promise<readonly LeaseStatus[]> {
    const request = create(ListLeasesRequestSchema)
    const { names } = await this.#client.send(controllerService.listLeases, request, 'ListLeases', options)
    return Promise.all(names.map((name) => this.lease(name, options)))
  }

  async deleteLease(name: string, options?: WaitOptions): Promise<void> {
    const request = create(ReleaseLeaseRequestSchema, { name })
    await this.#client.send(controllerService.releaseLease, request, 'ReleaseLease', options)
  }
}

function toLabelSelector(selector: string) {
  const requirements = parseSelector(selector)
  const isLabel = ({ operator, values }: (typeof requirements)[number]) => operator === 'In' && values.length === 1
  return {
    matchLabels: Object.fromEntries(requirements.filter(isLabel).map(({ key, values }) => [key, values[0] ?? ''])),
    matchExpressions: requirements
      .filter((requirement) => !isLabel(requirement))
      .map(({ key, operator, values }) => ({ key, operator, values: [...values] })),
  }
}

function showSelector({ matchLabels, matchExpressions }: LabelSelector): string {
  const expressions = matchExpressions.map((expression) => formatRequirement(expression as Requirement))
  return [...Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`), ...expressions].join(',')
}
