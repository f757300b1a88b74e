import { randomUUID } from 'node:crypto'
import { create } from '@bufbuild/protobuf'
import { EmptySchema } from '@bufbuild/protobuf/wkt'
import { type Metadata, status as Status, type UntypedServiceImplementation } from '@grpc/grpc-js'

import {
  type CreateLeaseRequest,
  type DeleteLeaseRequest,
  type Exporter,
  ExporterSchema,
  type GetExporterRequest,
  type GetLeaseRequest,
  type Lease,
  LeaseSchema,
  type ListExportersRequest,
  ListExportersResponseSchema,
  type ListLeasesRequest,
  ListLeasesResponseSchema,
  type UpdateLeaseRequest,
} from '../../../src/protocol/generated/jumpstarter/client/v1/client_pb.ts'
import { matchesSelector, parseSelector } from '../../../src/base/selector.ts'
import { failure, type Kind } from './authenticate.ts'
import { unary } from './handlers.ts'
import type { ControllerState, KnownExporter, KnownLease } from './state.ts'

/** What the service needs of the rest of the controller. */
export interface ClientServiceOptions {
  readonly state: ControllerState
  readonly namespace: string
  readonly authenticate: (metadata: Metadata, kind: Kind) => string
}

/** `jumpstarter.client.v1.ClientService`, as the real one behaves. */
export function clientServiceOf({
  state,
  namespace,
  authenticate,
}: ClientServiceOptions): UntypedServiceImplementation {
  const full = (kind: string, name: string) => `namespaces/${namespace}/${kind}/${name}`
  const bare = (name: string, kind: string) => {
    const [, found] = new RegExp(`^namespaces/${namespace}/${kind}/([^/]+)$`).exec(name) ?? []
    if (found === undefined) throw failure(Status.INVALID_ARGUMENT, `invalid resource name ${JSON.stringify(name)}`)
    return found
  }
  const requireParent = (parent: string) => {
    if (parent !== `namespaces/${namespace}`) throw failure(Status.PERMISSION_DENIED, 'namespace mismatch')
  }
  const leaseOf = (name: string) => {
    // The words of a Kubernetes whose API server is overloaded.
    if (state.isStoreAway) throw failure(Status.UNAVAILABLE, 'the server is currently unable to handle the request')
    const lease = state.leases.get(bare(name, 'leases'))
    if (lease === undefined) throw failure(Status.UNKNOWN, `leases.jumpstarter.dev "${name}" not found`)
    return lease
  }
  const ownLease = (name: string, metadata: Metadata) => {
    const client = authenticate(metadata, 'Client')
    const lease = leaseOf(name)
    if (lease.client !== client) throw failure(Status.UNKNOWN, 'leases.jumpstarter.dev: permission denied')
    return lease
  }
  const showExporter = ({ name, labels, streams, status, message }: KnownExporter): Exporter =>
    create(ExporterSchema, {
      name: full('exporters', name),
      labels,
      online: streams > 0,
      status,
      statusMessage: message,
      enabled: true,
    })
  const showLease = (lease: KnownLease): Lease =>
    create(LeaseSchema, {
      name: full('leases', lease.name),
      selector: lease.selector,
      duration: durationOf(lease.durationMs),
      effectiveDuration: durationOf(lease.begin === undefined ? 0 : (lease.end ?? Date.now()) - lease.begin),
      ...(lease.notBefore === 0 ? {} : { beginTime: wholeSeconds(lease.notBefore) }),
      ...(lease.begin === undefined ? {} : { effectiveBeginTime: wholeSeconds(lease.begin) }),
      ...(lease.end === undefined ? {} : { effectiveEndTime: wholeSeconds(lease.end) }),
      client: full('clients', lease.client),
      ...(lease.exporter === undefined ? {} : { exporter: full('exporters', lease.exporter.name) }),
      ...(lease.exporterName === undefined ? {} : { exporterName: lease.exporterName }),
      tags: { ...lease.tags },
      context: { ...lease.context },
      conditions: lease.conditions.map(({ type, status, reason, message }) => ({
        type,
        status: status ? 'True' : 'False',
        reason,
        message,
      })),
    })

  return {
    getExporter: unary((request: GetExporterRequest, metadata) => {
      authenticate(metadata, 'Client')
      const exporter = state.exporters.get(bare(request.name, 'exporters'))
      if (exporter === undefined) {
        throw failure(Status.UNKNOWN, `exporters.jumpstarter.dev "${request.name}" not found`)
      }
      return showExporter(exporter)
    }),

    listExporters: unary((request: ListExportersRequest, metadata) => {
      authenticate(metadata, 'Client')
      requireParent(request.parent)
      const requirements = parseSelector(request.filter)
      const all = [...state.exporters.values()].filter(({ labels }) => matchesSelector(labels, requirements))
      const { page, nextPageToken } = paginate(all, request)
      return create(ListExportersResponseSchema, { exporters: page.map(showExporter), nextPageToken })
    }),

    getLease: unary((request: GetLeaseRequest, metadata) => {
      authenticate(metadata, 'Client')
      return showLease(leaseOf(request.name))
    }),

    listLeases: unary((request: ListLeasesRequest, metadata) => {
      authenticate(metadata, 'Client')
      requireParent(request.parent)
      const [byTag, byLabel] = [parseSelector(request.tagFilter), parseSelector(request.filter)]
      const all = [...state.leases.values()].filter(({ end, tags, selector }) => {
        if (request.onlyActive !== false && end !== undefined) return false
        return matchesSelector(tags, byTag) && matchesSelector(labelsOf(selector), byLabel)
      })
      const { page, nextPageToken } = paginate(all, request)
      return create(ListLeasesResponseSchema, { leases: page.map(showLease), nextPageToken })
    }),

    createLease: unary((request: CreateLeaseRequest, metadata) => {
      const client = authenticate(metadata, 'Client')
      requireParent(request.parent)
      const { lease } = request
      if (lease === undefined || (lease.selector === '' && (lease.exporterName ?? '') === '')) {
        throw failure(Status.INVALID_ARGUMENT, 'one of selector or exporter_name is required')
      }
      try {
        parseSelector(lease.selector)
      } catch (error) {
        throw failure(Status.UNKNOWN, (error as Error).message)
      }
      const durationMs = millisecondsOf(lease.duration)
      if (durationMs <= 0) throw failure(Status.INVALID_ARGUMENT, 'duration must be positive')
      checkFacts(lease)
      const name = request.leaseId === '' ? randomUUID() : request.leaseId
      if (state.leases.has(name)) throw failure(Status.UNKNOWN, `leases.jumpstarter.dev "${name}" already exists`)
      const created = state.create({
        name,
        client,
        selector: lease.selector,
        exporterName: lease.exporterName === '' ? undefined : lease.exporterName,
        tags: lease.tags,
        context: lease.context,
        durationMs,
        notBefore: millisecondsOf(lease.beginTime),
      })
      return showLease(created)
    }),

    updateLease: unary((request: UpdateLeaseRequest, metadata) => {
      const wanted = request.lease
      if (wanted === undefined) throw failure(Status.INVALID_ARGUMENT, 'lease is required')
      const lease = ownLease(wanted.name, metadata)
      if (lease.end !== undefined) throw failure(Status.FAILED_PRECONDITION, 'lease has already ended')
      const paths = request.updateMask?.paths ?? []
      if (paths.includes('begin_time')) state.postpone(lease, millisecondsOf(wanted.beginTime))
      if (paths.includes('duration')) state.extend(lease, millisecondsOf(wanted.duration))
      if (paths.includes('client')) lease.client = bare(wanted.client ?? '', 'clients')
      return showLease(lease)
    }),

    deleteLease: unary((request: DeleteLeaseRequest, metadata) => {
      const lease = ownLease(request.name, metadata)
      if (lease.end !== undefined) {
        throw failure(Status.FAILED_PRECONDITION, `lease ${lease.name} has already been released`)
      }
      state.release(lease)
      return create(EmptySchema)
    }),
  }
}

/** The labels that a lease has for its selector. */
function labelsOf(selector: string): Record<string, string> {
  const equal = parseSelector(selector).filter(({ operator, values }) => operator === 'In' && values.length === 1)
  return Object.fromEntries(equal.map(({ key, values: [value = ''] }) => [key, value]))
}

/** What a controller takes of what leases say of themselves. */
function checkFacts({ tags, context }: Lease): void {
  if (Object.keys(tags).length > 10) throw failure(Status.INVALID_ARGUMENT, 'at most 10 tags are allowed')
  const isLabel = (text: string) => text.length <= 63 && /^(?:[a-z\d](?:[\w.-]*[a-z\d])?)?$/i.test(text)
  for (const [key, value] of Object.entries(tags)) {
    if (!isLabel(key) || !isLabel(value)) throw failure(Status.INVALID_ARGUMENT, `invalid tag ${key}=${value}`)
  }
  const pairs = Object.entries(context)
  if (pairs.length > 8 || pairs.some(([key, value]) => key.length > 32 || value.length > 64)) {
    throw failure(Status.INVALID_ARGUMENT, 'the context is too large')
  }
}

interface Page {
  readonly pageSize: number
  readonly pageToken: string
}

function paginate<T>(all: readonly T[], { pageSize, pageToken }: Page) {
  const begin = pageToken === '' ? 0 : Number(pageToken)
  const end = begin + (pageSize > 0 ? pageSize : all.length)
  return { page: all.slice(begin, end), nextPageToken: end < all.length ? String(end) : '' }
}

function millisecondsOf(duration: { readonly seconds: bigint; readonly nanos: number } | undefined): number {
  return duration === undefined ? 0 : Number(duration.seconds) * 1000 + duration.nanos / 1e6
}

function durationOf(ms: number) {
  return { seconds: BigInt(Math.floor(ms / 1000)), nanos: Math.round(ms % 1000) * 1e6 }
}

function wholeSeconds(ms: number) {
  return { seconds: BigInt(Math.floor(ms / 1000)), nanos: 0 }
}
